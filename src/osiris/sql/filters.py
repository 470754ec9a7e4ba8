"""Which texts a query compares columns with: a text that no row holds filters everything away, silently."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from osiris.sql.text import place
from osiris.sql.tree import tree

_COMPARE = (exp.EQ, exp.NEQ, exp.In)


@dataclass(frozen=True)
class Compared:
    """One text that a column is compared with, for equality.

    Attributes:
        table: Name of the table that the column belongs to; empty where the query does not tell.
        line: Line of the column in the query, from 1; 0 where it is not known.
    """

    table: str
    column: str
    text: str
    line: int = 0


def compared(sql: str, dialect: str) -> tuple[Compared, ...]:
    """Return the texts that columns of tables are compared with by `=`, `<>` and `IN`, each once, in order.

    Raises:
        StatementError: the query can't be parsed.

    Example:
        >>> compared("SELECT 1 FROM orders o WHERE o.status IN ('paid', 'lost')", "duckdb")[1].text
        'lost'
    """
    found = (one for node in tree(sql, dialect).find_all(*_COMPARE) for one in _pairs(node, sql))
    return tuple(dict.fromkeys(found))


def _pairs(node: exp.Expr, sql: str) -> Iterator[Compared]:
    sides = [node.this, *node.expressions] if isinstance(node, exp.In) else [node.this, node.expression]
    columns = [side for side in sides if isinstance(side, exp.Column)]
    texts = [side.this for side in sides if isinstance(side, exp.Literal) and side.is_string]
    if len(columns) != 1 or not isinstance(columns[0].this, exp.Identifier):
        return
    (column,) = columns
    owner = _table(column)
    start = column.this.meta.get("start")
    line = place(sql, start)[0] if start is not None else 0
    for text in texts:
        yield Compared(owner, column.name, text, line)


def _table(column: exp.Column) -> str:
    """Return the table that a column's SELECT names so, or its only one; empty where that is not plain."""
    select = column.find_ancestor(exp.Select)
    if select is None:
        return ""
    clause = select.args.get("from_")
    sources = [clause.this] if clause else []
    sources += [join.this for join in select.args.get("joins") or []]
    named = {source.alias_or_name.lower(): source for source in sources if isinstance(source, exp.Table)}
    if column.table:
        found = named.get(column.table.lower())
    else:
        found = next(iter(named.values())) if len(named) == 1 == len(sources) else None
    return f"{found.db}.{found.name}".strip(".") if found is not None else ""
