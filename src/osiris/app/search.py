"""Which of many tables a few words mean: a full-text search over names, comments and what people wrote about them."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from osiris.model.catalogue import Table

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_WEIGHTS = (10.0, 4.0, 3.0, 2.0)  # of a table's name, its columns, comments, and what else is said about it
_FTS = "CREATE VIRTUAL TABLE found USING fts5(name, columns, comments, notes, tokenize = 'porter unicode61')"
MOST_GROUPS = 40
_LETTERS = 3  # fewest of a word that a longer one may begin with


@dataclass(frozen=True)
class Hit:
    """A table found.

    Attributes:
        source: `@family.alias`.
        matches: Its columns that one of the words is in.
    """

    source: str
    table: Table
    matches: tuple[str, ...]


def ranked(
    tables: Iterable[tuple[str, Table]], words: str, notes: Sequence[str] = (), most: int = 50
) -> tuple[tuple[Hit, ...], int]:
    """Return the tables that the words mean, best first, and how many there are in all.

    A word matches a part of an identifier, in any of its forms, and the start of a longer word. Where nothing
    matches so, a word may stand anywhere in a name. Without words every table is found, by name.

    Args:
        tables: Each with its connection.
        words: Separated by blanks.
        notes: Sentences about tables, such as a project's rules and pipelines: one that names a table speaks for it.
        most: Most tables returned.
    """
    known = list(tables)
    wanted = [word for word in _split(words).split() if word]
    if not wanted:
        order: list[int] = sorted(range(len(known)), key=lambda i: (known[i][0], known[i][1].full_name))
    else:
        order = _fts(known, wanted, notes) or _anywhere(known, words.lower().split())
    hits = tuple(Hit(*known[i], matches=_matching(known[i][1], wanted, words)) for i in order[:most])
    return hits, len(order)


def grouped(tables: Sequence[Table]) -> dict[str, int]:
    """Return how many tables there are by the beginning of their names, most first: a look at very many of them.

    Example:
        >>> grouped([Table(name="crm_user"), Table(name="crm_deal"), Table(name="stock")])
        {'crm_*': 2, 'stock': 1}
    """
    counted = Counter(_group(table) for table in tables)
    named: Counter[str] = Counter()
    for table in tables:
        group = _group(table)
        named[group if counted[group] > 1 else table.full_name] += 1
    first = dict(named.most_common(MOST_GROUPS))
    rest = sum(named.values()) - sum(first.values())
    return first | ({"…": rest} if rest else {})


def _group(table: Table) -> str:
    head = re.split(r"[_\d]|(?<=[a-z])(?=[A-Z])", table.name, maxsplit=1)[0] or table.name
    star = f"{head}_*" if table.name.startswith(f"{head}_") else f"{head}*"
    return f"{table.namespace}.{star}" if table.namespace else star


def _fts(known: Sequence[tuple[str, Table]], wanted: Sequence[str], notes: Sequence[str]) -> list[int]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(_FTS)
        db.executemany(
            "INSERT INTO found (rowid, name, columns, comments, notes) VALUES (?, ?, ?, ?, ?)",
            ((index, *_texts(table, notes)) for index, (_, table) in enumerate(known, 1)),
        )
        query = " OR ".join(f'"{word}"*' if len(word) >= _LETTERS else f'"{word}"' for word in wanted)
        weights = ", ".join(map(str, _WEIGHTS))
        rows = db.execute(
            f"SELECT rowid FROM found WHERE found MATCH ? ORDER BY bm25(found, {weights}), rowid",  # nosec B608 # noqa: S608 - numbers
            (query,),
        )
        return [number - 1 for (number,) in rows]


def _texts(table: Table, notes: Sequence[str]) -> Iterator[str]:
    yield _split(f"{table.namespace} {table.name}")
    yield " ".join(_split(column.name) for column in table.columns)
    yield " ".join([table.comment, *(column.comment for column in table.columns)])
    name = re.compile(rf"\b{re.escape(table.name)}\b", re.IGNORECASE)
    yield " ".join(note for note in notes if name.search(note))


def _anywhere(known: Sequence[tuple[str, Table]], words: Sequence[str]) -> list[int]:
    def held(table: Table) -> bool:
        text = f"{table.full_name} {' '.join(column.name for column in table.columns)}".lower()
        return any(word in text for word in words)

    return [index for index, (_, table) in enumerate(known) if held(table)]


def _matching(table: Table, wanted: Sequence[str], words: str) -> tuple[str, ...]:
    whole = words.lower().split()

    def matches(text: str) -> bool:
        parts = _split(text).split()
        return any(part.startswith(word) for part in parts for word in wanted) or any(w in text.lower() for w in whole)

    return tuple(column.name for column in table.columns if matches(f"{column.name} {column.comment}"))


def _split(text: str) -> str:
    """Return an identifier, or several, as the words that it is made of.

    Example:
        >>> _split("orderLines_2024")
        'order lines 2024'
    """
    return " ".join(word.lower() for word in _WORDS.findall(text))
