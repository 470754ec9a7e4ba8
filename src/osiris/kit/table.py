"""What rows must be to become a table, whichever database holds it."""

from collections.abc import Sequence

import pyarrow as pa

from osiris.model.errors import AuthorError, CheckFailed
from osiris.model.nearest import nearest


def must_be_a_table(schema: pa.Schema, primary_key: Sequence[str]) -> None:
    """Refuse rows that no table can hold.

    Raises:
        AuthorError: there is no column, two have one name, one has no type, or a key is not among them.
    """
    if not schema.names:
        raise AuthorError("there is no column to write", hint="select one in the step before")
    must_differ(schema.names)
    for field in schema:
        if pa.types.is_null(field.type):
            raise AuthorError(
                f"column {field.name!r} has no type, because it is NULL alone",
                hint=f'give it one in the step before, such as CAST(NULL AS VARCHAR) AS "{field.name}"',
            )
    names = {name.lower() for name in schema.names}
    for column in primary_key:
        if column.lower() not in names:
            near = nearest(column, schema.names)
            hint = f"did you mean {near[0]!r}?" if near else f"the rows have: {', '.join(schema.names)}"
            raise AuthorError(f"the key {column!r} is not among the columns", where="primary_key", hint=hint)


def must_differ(names: Sequence[str]) -> None:
    """Refuse columns that SQL can't tell apart: it knows no capitals.

    Raises:
        AuthorError: two columns have one name.
    """
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise AuthorError(
                f"two columns are called {name!r}",
                where="query",
                hint=f"name each column once, such as {name} AS other",
            )
        seen.add(name.lower())


def null_key(column: str, rows: int) -> CheckFailed:
    """Return the error of rows whose key is NULL."""
    hint = f"leave them out in the step before: WHERE {_quoted(column)} IS NOT NULL"
    return CheckFailed(f"the key {column!r} is NULL in {rows} rows", hint=hint)


def doubled_key(key: Sequence[str], rows: int | None = None, values: int | None = None) -> CheckFailed:
    """Return the error of rows that share their key; the counts where they are known."""
    listed = ", ".join(map(_quoted, key))
    counted = f"{rows} rows share {values} values" if rows is not None else "some rows share a value"
    return CheckFailed(
        f"{counted} of the key {', '.join(key)}",
        hint=f"keep one row a key: QUALIFY row_number() OVER (PARTITION BY {listed}) = 1",
    )


def _quoted(name: str) -> str:
    """Return a name as the SQL of the step before writes it, which is DuckDB's."""
    return '"' + name.replace('"', '""') + '"'
