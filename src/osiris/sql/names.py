"""Does every name in a query mean something?

Tables resolve against a catalogue, columns against the tables and subqueries in sight. What can't be known here
(columns that a function or a PIVOT makes) is never called wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from osiris.model.catalogue import Table
from osiris.sql import functions, parts
from osiris.sql.binder import Binder
from osiris.sql.findings import Unresolved, did_you_mean
from osiris.sql.relations import Tables, key
from osiris.sql.text import place
from osiris.sql.tree import calls, tree

__all__ = ["TableName", "Unresolved", "tables_of", "unresolved"]


@dataclass(frozen=True)
class TableName:
    """A table that a query reads, as the query writes it.

    Attributes:
        namespace: Schema or database, with a point between several; empty where the query gives none.
    """

    namespace: str
    name: str


def unresolved(sql: str, dialect: str, tables: Sequence[Table]) -> tuple[Unresolved, ...]:
    """Return the names in a query that mean nothing, or more than one thing, in their order in the text.

    Args:
        sql: One query.
        dialect: `duckdb`, `sqlite`, `mysql` or `postgres`.
        tables: All tables that the query may read. One whose columns are not known may have any column; one that
            several names lead to is given once for each name.

    Raises:
        StatementError: the query can't be parsed.

    Example:
        >>> from osiris.model.catalogue import Column
        >>> orders = Table(name="orders", columns=(Column(name="amount", type="int64"),))
        >>> [found.nearest for found in unresolved("SELECT amuont FROM orders", "sqlite", [orders])]
        [('amount',)]
    """
    binder = Binder(sql, dialect, Tables(tuple(tables), dialect))
    binder.query(tree(sql, dialect), None, {})
    found = {*binder.said, *_functions(sql, dialect)}
    return tuple(sorted(found, key=lambda f: (f.line, f.column, f.name)))


@lru_cache(maxsize=512)
def tables_of(sql: str, dialect: str) -> tuple[TableName, ...]:
    """Return the tables that a query reads, each once, in order; names that WITH gives are none.

    Raises:
        StatementError: the query can't be parsed.

    Example:
        >>> tables_of("WITH x AS (SELECT * FROM shop.orders) SELECT * FROM x", "duckdb")
        (TableName(namespace='shop', name='orders'),)
    """
    root = tree(sql, dialect)
    found = {}
    for table in root.find_all(exp.Table):
        names = [part for part in table.parts if isinstance(part, exp.Identifier)]
        if names and isinstance(table.this, exp.Identifier) and not (len(names) == 1 and _is_cte(table, dialect)):
            start = names[0].meta.get("start", 0)
            found[start] = TableName(".".join(n.name for n in names[:-1]), names[-1].name)
    return tuple(dict.fromkeys(found[start] for start in sorted(found)))


def _is_cte(table: exp.Table, dialect: str) -> bool:
    """Say whether a table is a name of WITH, looking outwards from where it stands."""
    wanted = key(table.this, dialect)
    node: exp.Expr | None = table
    inside: exp.CTE | None = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        clause = node.args.get("with_")
        if clause is not None and _gives(clause, wanted, inside, dialect):
            return True
        node = node.parent
    return False


def _gives(clause: exp.With, wanted: str, inside: exp.CTE | None, dialect: str) -> bool:
    """Say whether a WITH gives a name to where the table stands: to later queries, and to itself if recursive."""
    for cte in clause.expressions:
        if cte is inside and not clause.args.get("recursive"):
            return False
        if key(cte.args["alias"].this, dialect) == wanted:
            return True
    return False


def _functions(sql: str, dialect: str) -> list[Unresolved]:
    """Return the calls of functions that nobody knows; those known to do harm are the guard's business."""
    found = []
    for call in calls(sql, dialect):
        words = parts.BEFORE_BRACKET | functions.TYPES
        known = functions.allowed(call.name, dialect) or functions.danger(call.name) or call.name in words
        if not known:
            line, column = place(sql, call.start)
            alike = functions.alike(call.name, dialect)
            found.append(
                Unresolved(
                    "function",
                    call.name,
                    line,
                    column,
                    f"{dialect} has no function {call.name!r} that is known here",
                    did_you_mean(alike, "use a built-in function"),
                    alike,
                )
            )
    return found
