"""The statement that asks for the values of one column."""

from sqlglot import exp


def distinct_values(table: str, namespace: str, column: str, dialect: str) -> str:
    """Return the query for every value of a column but NULL, each once; names are quoted, whatever is in them.

    Example:
        >>> distinct_values("orders", "", "customer id", "duckdb")
        'SELECT DISTINCT "customer id" FROM "orders" WHERE NOT "customer id" IS NULL'
    """
    name = exp.column(exp.to_identifier(column, quoted=True))
    source = exp.Table(
        this=exp.to_identifier(table, quoted=True), db=exp.to_identifier(namespace, quoted=True) if namespace else None
    )
    return exp.select(name).distinct().from_(source).where(name.is_(exp.null()).not_()).sql(dialect)
