"""What a query's columns are where it only selects columns of tables, so that the catalogue knows their types."""

from collections.abc import Sequence

from sqlglot import exp

from osiris.model.catalogue import Column, Table
from osiris.model.errors import StatementError
from osiris.sql.binder import Binder
from osiris.sql.relations import Output, Tables, full_name
from osiris.sql.tree import tree

# What may stand in a SELECT beside its list, FROM and JOIN without changing a column's type.
_HARMLESS = ("where", "group", "having", "order", "limit", "offset", "distinct")
_KNOWN = (*_HARMLESS, "expressions", "from_", "joins", "kind", "hint", "operation_modifiers")


def selected(sql: str, dialect: str, tables: Sequence[Table]) -> tuple[Column, ...] | None:
    """Return the columns of a query that selects nothing but columns of tables, with the catalogue's types.

    Any column may be NULL: a join may make it so.

    Args:
        sql: One query.
        dialect: `duckdb`, `sqlite`, `mysql` or `postgres`.
        tables: All tables that the query may read.

    Returns:
        One column each, in order; None where the query computes something, or a column can't be traced to one of a
        table's.

    Example:
        >>> orders = Table(name="orders", columns=(Column(name="amount", type="int64"),))
        >>> selected("SELECT o.amount AS n FROM orders o WHERE o.amount > 0", "mysql", [orders])
        (Column(name='n', type='int64', nullable=True, source_type='', comment=''),)
    """
    try:
        root = tree(sql, dialect)
        if not _is_plain(root):
            return None
        binder = Binder(sql, dialect, Tables(tuple(tables), dialect))
        bound = binder.query(root, None, {})
    except (StatementError, RecursionError):
        return None
    if bound.open or binder.said or not bound.columns:
        return None
    known = {f"{full_name(table)}.{column.name}": column for table in tables for column in table.columns}
    found = [_traced(output, known, dialect) for output in bound.columns]
    columns = tuple(column for column in found if column is not None)
    return columns if len(columns) == len(found) and _differ(columns) else None


def everything_of(table: Table, dialect: str, limit: int) -> str:
    """Return the query for the first rows of a table, its name quoted as the dialect wants it.

    Example:
        >>> everything_of(Table(name="order", namespace="shop"), "mysql", 3)
        'SELECT * FROM `shop`.`order` LIMIT 3'
    """
    named = exp.table_(table.name, db=table.namespace or None, quoted=True)
    return exp.select("*").from_(named).limit(limit).sql(dialect=dialect)


def _is_plain(root: exp.Expr) -> bool:
    """Say whether a statement is one SELECT of columns from tables, joined without merging any."""
    if not isinstance(root, exp.Select) or any(value for name, value in root.args.items() if name not in _KNOWN):
        return False
    joins = root.args.get("joins") or []
    if any(join.args.get("using") or join.method for join in joins):
        return False
    clause = root.args.get("from_")
    sources = [clause.this if clause else None, *(join.this for join in joins)]
    return all(map(_is_table, sources)) and all(map(_is_column, root.expressions))


def _is_table(source: exp.Expr | None) -> bool:
    if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
        return False
    return not any(value for name, value in source.args.items() if name not in {"this", "db", "catalog", "alias"})


def _is_column(projection: exp.Expr) -> bool:
    inner = projection.this if isinstance(projection, exp.Alias) else projection
    if isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
        inner = inner.this
    if isinstance(inner, exp.Star):
        return not any(inner.args.values())
    return isinstance(inner, exp.Column) and isinstance(inner.this, exp.Identifier)


def _traced(output: Output, known: dict[str, Column], dialect: str) -> Column | None:
    """Return an output with the type of the one column that it is."""
    if len(output.sources) != 1:
        return None
    (source,) = output.sources
    column = known.get(source)
    if column is None:
        return None
    name = output.key if dialect == "postgres" else output.name
    return Column(name=name, type=column.type)


def _differ(columns: Sequence[Column]) -> bool:
    """Say whether each column has its own name: a source refuses rows where two share one."""
    return len({column.name.lower() for column in columns}) == len(columns)
