"""What the columns of a query are called where the query doesn't say."""

from sqlglot import exp

from osiris.sql.relations import key


def anonymous(dialect: str, position: int) -> str:
    """Return the name of a column of VALUES, by its position from 0."""
    return f"col{position}" if dialect == "duckdb" else f"column{position + (dialect != 'mysql')}"


def output_name(projection: exp.Expr, dialect: str) -> tuple[str, str, bool]:
    """Return the name of a projection, the same as compared, and whether that name is sure."""
    named = _named(projection)
    if named is not None:
        return named.name, key(named, dialect), True
    name = _text(projection, dialect)
    return name, name.lower(), False


def _named(projection: exp.Expr) -> exp.Identifier | None:
    """Return the word that names a projection, or None."""
    if isinstance(projection, exp.Alias):
        found = projection.args.get("alias")
    elif isinstance(projection, exp.Column):
        found = projection.this
    elif isinstance(projection, exp.Dot):
        found = projection.expression
    else:
        found = None
    return found if isinstance(found, exp.Identifier) else None


def _text(projection: exp.Expr, dialect: str) -> str:
    """Return the expression itself, as most databases call a column that has no name."""
    if dialect == "duckdb" and isinstance(projection, exp.Count) and isinstance(projection.this, exp.Star):
        return "count_star()"
    return projection.sql(dialect=dialect, normalize_functions="lower", comments=False)
