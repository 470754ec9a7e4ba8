"""The SQL that moves staged rows into their table, within one transaction."""

from osiris.components.mysql.complaints import number_of
from osiris.components.mysql.driver import Db, driver
from osiris.components.mysql.fitting import Fitting
from osiris.components.mysql.session import ask, is_mariadb, quoted, run
from osiris.components.mysql.tables import Named
from osiris.model.errors import CheckFailed
from osiris.model.spec import WriteMode

COUNT_SECONDS = 10.0  # that counting may take: in a large table it may take minutes, and nothing depends on it
_TOO_LONG = (1969, 3024)


def move(
    db: Db, fitting: Fitting, staging: Named, *, staged: int, write_mode: WriteMode, key: tuple[str, ...]
) -> tuple[int | None, int | None]:
    """Move the staged rows; the transaction is the caller's.

    Args:
        db: A writer's connection, within a transaction.
        fitting: How they go into their table.
        staging: Where they rest.
        staged: How many they are.
        write_mode: How.
        key: The primary key's columns, as the table spells them.

    Returns:
        Rows of the table before and after; None where that can't be counted in reasonable time.

    Raises:
        CheckFailed: the table does not take them all.
        pymysql.err.Error: the server refuses, or is gone.
    """
    table = fitting.name.sql
    columns = [quoted(column) for column in fitting.columns]
    insert = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {staging.sql}"  # nosec B608 # noqa: S608 - quoted
    if write_mode == "replace":
        before: int | None = run(db, f"DELETE FROM {table}")  # nosec B608 # noqa: S608 - all names here are quoted
        added = _all(fitting, run(db, insert), staged)
        return before, added
    before = counted(db, fitting.name)
    if write_mode == "append":
        added = _all(fitting, run(db, insert), staged)
    else:
        added = _merged(db, fitting, staging, insert, tuple(map(quoted, key)))
    return before, None if before is None else before + added


def counted(db: Db, name: Named, seconds: float = COUNT_SECONDS) -> int | None:
    """Return how many rows a table has; None where counting takes more seconds.

    Raises:
        pymysql.err.Error: the server refuses, or is gone.
    """
    before, hint = f"SET STATEMENT max_statement_time = {seconds} FOR ", ""
    if not is_mariadb(db):
        before, hint = "", f"/*+ MAX_EXECUTION_TIME({seconds * 1000:.0f}) */ "
    try:
        ((rows,),) = ask(db, f"{before}SELECT {hint}count(*) FROM {name.sql}")  # nosec B608 # noqa: S608 - quoted
    except driver().err.Error as exc:
        if number_of(exc) in _TOO_LONG:
            return None
        raise
    return int(rows)


def _merged(db: Db, fitting: Fitting, staging: Named, insert: str, key: tuple[str, ...]) -> int:
    """Update the rows whose key is there, add the others; return how many were added."""
    table = fitting.name.sql
    others = [column for column in map(quoted, fitting.columns) if column not in key]
    if others:
        same = " AND ".join(f"old.{column} = new.{column}" for column in key)
        news = ", ".join(f"old.{column} = new.{column}" for column in others)
        run(db, f"UPDATE {table} AS old JOIN {staging.sql} AS new ON {same} SET {news}")  # nosec B608 # noqa: S608 - quoted
    keys = ", ".join(key)
    known = " AND ".join(f"{column} IS NOT NULL" for column in key)
    return run(db, f"{insert} WHERE ({keys}) NOT IN (SELECT {keys} FROM {table} WHERE {known})")  # nosec B608 # noqa: S608 - quoted


def _all(fitting: Fitting, added: int, staged: int) -> int:
    if added != staged:
        raise CheckFailed(
            f"table {str(fitting.name)!r} took {added} of {staged} rows",
            hint="look at the table's triggers and partitions: one of them drops rows",
        )
    return added
