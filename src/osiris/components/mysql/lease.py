"""Tables that rows rest in until their commit: each belongs to a run that is alive, or is removed by the next one."""

import hashlib
from uuid import uuid4

from osiris.components.mysql.driver import Db
from osiris.components.mysql.session import ask, run
from osiris.components.mysql.tables import Named
from osiris.model.errors import TargetError

PREFIX = "_osiris_"
_DIGITS = 12
_GLANCE = 1  # seconds in which the server finds out that whoever held a table was killed


def staging_name(target: Named, run_id: str) -> Named:
    """Return a name that no other table has, beside the target."""
    return Named(target.database, f"{_run(run_id)}{uuid4().hex[:_DIGITS]}")


def hold(db: Db, name: Named, seconds: float) -> None:
    """Say that a table is in use for as long as this connection lives, or until it lets go.

    Raises:
        TargetError: another connection says so, and does not end within so many seconds.
        pymysql.err.Error: the server is gone.
    """
    if not _held(db, name, seconds):
        raise TargetError("another connection of this run is still at work", hint="run it again in some minutes")


def let_go(db: Db, name: Named) -> None:
    """Remove a table that is no longer in use.

    Raises:
        pymysql.err.Error: the server refuses, or is gone.
    """
    run(db, f"DROP TABLE IF EXISTS {name.sql}")
    ask(db, "SELECT RELEASE_LOCK(%s)", name.table)


def sweep(db: Db, target: Named, run_id: str) -> None:
    """Remove the tables beside the target that no living run holds.

    Raises:
        pymysql.err.Error: the server refuses, or is gone.
    """
    rows = ask(
        db,
        "SELECT TABLE_NAME FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = COALESCE(%s, DATABASE()) AND TABLE_NAME REGEXP %s",
        target.database or None,
        f"^{PREFIX}[0-9a-f]{{{_DIGITS}}}_[0-9a-f]{{{_DIGITS}}}$",
    )
    for (table,) in rows:
        name = Named(target.database, str(table))
        if not table.startswith(_run(run_id)) and _held(db, name, _GLANCE):
            let_go(db, name)


def _held(db: Db, name: Named, seconds: float) -> bool:
    ((held,),) = ask(db, "SELECT GET_LOCK(%s, %s)", name.table, seconds)
    return bool(held == 1)


def _run(run_id: str) -> str:
    return f"{PREFIX}{hashlib.sha256(run_id.encode()).hexdigest()[:_DIGITS]}_"
