"""The statements that move staged rows into a table."""

from collections.abc import Sequence

from osiris.components.postgres.ddl import create_table
from osiris.components.postgres.fitting import Fitting
from osiris.components.postgres.session import Db, listed, quoted
from osiris.kit.table import doubled_key, null_key
from osiris.model.errors import CheckFailed, TargetError
from osiris.model.spec import WriteMode


def put(db: Db, write_mode: WriteMode, key: Sequence[str], fits: Fitting, staged: str) -> dict[str, int]:
    """Move the rows, and return what is known of their number.

    Returns:
        `moved`: rows put into the table; `rows_before` and `rows_after`: those it held and holds, where that is known.

    Raises:
        psycopg.Error: the server refuses.
        TargetError: the table can't be written so.
        CheckFailed: rows went astray.
    """
    _make_ready(db, fits, key)
    table = fits.name.sql
    if write_mode == "append" or fits.oid is None:
        moved = db.do(_insert(fits, staged))
        return {"moved": moved} if fits.oid is not None else {"moved": moved, "rows_after": moved}
    db.set("row_security", "off")  # else rows that this user may not see would stay without a word
    if fits.lockable:
        db.do(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    if write_mode == "merge":
        _merge(db, key, fits, staged)
        return {}
    must_lose_nothing(db, fits)
    before = db.do(f"DELETE FROM {table}")  # nosec B608 # noqa: S608 - quoted
    moved = db.do(_insert(fits, staged))
    return {"moved": moved, "rows_before": before, "rows_after": db.count(table)}


def must_lose_nothing(db: Db, fits: Fitting) -> None:
    """Refuse to replace rows where other tables would lose theirs.

    Raises:
        TargetError: deleting the old rows would delete or empty rows elsewhere.
    """
    if fits.oid is None:
        return
    others = db.ask(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_catalog.pg_constraint "
        "WHERE contype = 'f' AND confrelid = %s AND conrelid <> confrelid AND confdeltype IN ('c', 'n', 'd')",
        fits.oid,
    )
    if others:
        raise TargetError(
            f"replacing the rows of {str(fits.name)!r} would change rows of {', '.join(sorted(o for (o,) in others))}",
            why="their foreign keys say so: ON DELETE CASCADE, SET NULL or SET DEFAULT",
            hint="write `write_mode: merge` with a `primary_key` to keep the old rows' children",
        )


def must_be_keys(db: Db, staged: str, key: Sequence[str]) -> None:
    """Refuse staged rows that their key does not tell apart.

    Raises:
        CheckFailed: a key is NULL, or two rows have the same.
    """
    if not key:
        return
    for column in key:
        ((nulls,),) = db.ask(f"SELECT count(*) FROM {staged} WHERE {quoted(column)} IS NULL")  # nosec B608 # noqa: S608 - quoted
        if nulls:
            raise null_key(column, nulls)
    ((doubled, rows),) = db.ask(
        "SELECT count(*), coalesce(sum(n), 0)::bigint FROM "  # nosec B608 # noqa: S608 - quoted
        f"(SELECT count(*) AS n FROM {staged} GROUP BY {listed(key)} HAVING count(*) > 1) AS d"
    )
    if doubled:
        raise doubled_key(key, rows, doubled)


def _make_ready(db: Db, fits: Fitting, key: Sequence[str]) -> None:
    if fits.missing_schema:
        db.do(f"CREATE SCHEMA {quoted(fits.name.schema)}")
    if fits.oid is None:
        db.do(create_table(fits.name.sql, {fit.target: fit.kind for fit in fits.fits}, key))
    for fit in fits.added:
        db.do(f"ALTER TABLE {fits.name.sql} ADD COLUMN {quoted(fit.target)} {fit.kind}")


def _insert(fits: Fitting, staged: str, where: str = "") -> str:
    numbered = "OVERRIDING SYSTEM VALUE " if any(fit.counted for fit in fits.fits) else ""
    return (
        f"INSERT INTO {fits.name.sql} ({fits.targets}) {numbered}"  # nosec B608 # noqa: S608 - all names are quoted
        f"SELECT {fits.values} FROM {staged} s{where}"
    )


def _merge(db: Db, key: Sequence[str], fits: Fitting, staged: str) -> None:
    same = " AND ".join(f"t.{quoted(f.target)} = {f.value}" for f in fits.fits if f.source in key)
    news = [f for f in fits.fits if f.source not in key]
    numbered = next((f.target for f in news if f.counted), None)
    if numbered is not None:
        raise TargetError(
            f"column {numbered!r} of table {str(fits.name)!r} is numbered by PostgreSQL, which lets nobody update it",
            hint="leave it out in the step before, or make it the key",
        )
    table = fits.name.sql
    db.do(f"ANALYZE {staged}")
    updated = 0
    if news:
        settings = ", ".join(f"{quoted(f.target)} = {f.value}" for f in news)
        updated = db.do(f"UPDATE {table} AS t SET {settings} FROM {staged} s WHERE {same}")  # nosec B608 # noqa: S608 - quoted
    missing = f" WHERE NOT EXISTS (SELECT FROM {table} t WHERE {same})"  # nosec B608 # all names are quoted
    inserted = db.do(_insert(fits, staged, missing))
    if news and updated + inserted < db.count(staged):
        raise CheckFailed(
            f"table {str(fits.name)!r} did not take all rows",
            hint="look at the table's triggers and rules: one of them keeps rows out",
        )
