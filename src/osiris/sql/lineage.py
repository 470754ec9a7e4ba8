"""Where the values of each output column come from."""

from collections.abc import Container, Mapping, Sequence
from itertools import chain, count

from osiris.model.catalogue import Column, Table
from osiris.sql.binder import Binder
from osiris.sql.relations import Tables
from osiris.sql.tree import tree


def lineage(sql: str, dialect: str, tables: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the source columns of each output column.

    A source is any column that the output's value is computed from, conditions inside the expression included; WHERE,
    joins and grouping choose rows and are none. Where it can't be told which of several columns is meant, all are
    named.

    Args:
        sql: One query.
        dialect: `duckdb`, `sqlite`, `mysql` or `postgres`.
        tables: Columns of each table that the query may read; none means that they are not known.

    Returns:
        Output column to sorted `table.column`, one entry a column, in order; a second `id` is `id_1`. Tables are named
        as keyed, or as the query writes them where they are not. A last `*` stands for columns that can't be listed,
        and `table.*` for all of a table's. A column that the query doesn't name has an approximate name.

    Raises:
        StatementError: the query can't be parsed.

    Example:
        >>> lineage("SELECT sum(o.amount) AS total FROM orders o", "duckdb", {"orders": ["id", "amount"]})
        {'total': ('orders.amount',)}
    """
    known = tuple(_table(name, columns) for name, columns in tables.items())
    bound = Binder(sql, dialect, Tables(known, dialect)).query(tree(sql, dialect), None, {})
    found: dict[str, tuple[str, ...]] = {}
    for column in bound.columns:
        found[_unused(column.name, found)] = tuple(sorted(column.sources))
    if bound.open:
        found["*"] = tuple(sorted(bound.rest))
    return found


def _unused(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken: a second `id` is `id_1`."""
    candidates = chain([name], (f"{name}_{number}" for number in count(1)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _table(name: str, columns: Sequence[str]) -> Table:
    namespace, _, last = name.rpartition(".")
    return Table(name=last, namespace=namespace, columns=tuple(Column(name=c, type="") for c in columns))
