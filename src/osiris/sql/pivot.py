"""What may follow a PIVOT that is a statement of its own, in words that sqlglot understands."""

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

_ENDS = {TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET}
_CLAUSES = {TokenType.ON, TokenType.USING, TokenType.GROUP_BY}
_BEFORE_CTE = {"AS", "MATERIALIZED"}


def with_tail(words: Sequence[Token]) -> list[Token]:
    """Return words that mean the same, without an ORDER BY, LIMIT or OFFSET directly behind a PIVOT or UNPIVOT.

    `PIVOT t ON a IN (1) USING sum(b) ORDER BY c` is `FROM (PIVOT t ON a IN (1) USING sum(b)) ORDER BY c`: sqlglot reads
    the second one only. Words that are added stand where their neighbours do.
    """
    added: dict[int, list[Token]] = {}
    for at in _statements(words):
        end = _tail(words, at)
        if end is not None:
            before, behind = words[at], words[end]
            added.setdefault(at, []).extend((_at(before, TokenType.FROM, "FROM"), _at(before, TokenType.L_PAREN, "(")))
            added.setdefault(end, []).insert(0, _at(behind, TokenType.R_PAREN, ")"))
    return [part for at, word in enumerate(words) for part in (*added.get(at, ()), word)]


def _statements(words: Sequence[Token]) -> Iterator[int]:
    """Give the places where a PIVOT begins a query: first of all, in brackets, or behind WITH."""
    opened: list[int] = []
    behind_cte = True
    for at, word in enumerate(words):
        if word.token_type in {TokenType.PIVOT, TokenType.UNPIVOT} and behind_cte:
            yield at
        behind_cte = word.token_type == TokenType.L_PAREN
        if behind_cte:
            opened.append(at)
        elif word.token_type == TokenType.R_PAREN and opened:
            start = opened.pop()
            behind_cte = start > 0 and words[start - 1].text.upper() in _BEFORE_CTE


def _tail(words: Sequence[Token], at: int) -> int | None:
    """Return where the tail of the PIVOT at a place begins; None where it has none."""
    depth, clauses = 0, False
    for place, word in enumerate(words[at:], at):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(word.token_type, 0)
        if depth < 0 or word.token_type == TokenType.SEMICOLON:
            return None
        if depth == 0:
            clauses |= word.token_type in _CLAUSES
            if clauses and word.token_type in _ENDS:
                return place
    return None


def _at(neighbour: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, neighbour.line, neighbour.col, neighbour.start, neighbour.start)
