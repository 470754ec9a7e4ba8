"""The second wall: what the guard refuses, sent all the same over the sessions of our extractors, changes nothing.

Whoever signs on owns the tables and everything beside them, so that it is the session that says no. What it does not
say no to is the guard's business alone, and is listed.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Timer
from typing import Any, Self
from uuid import uuid4

import duckdb
import psycopg
import pymysql
import pytest
from tests.security.test_sql_guard import attacks, refusal
from tests.services import mysql, postgres
from tests.services.shared import Server

from osiris.components.duckdb import session as of_duckdb
from osiris.components.duckdb.config import DuckdbConnection
from osiris.components.mysql import session as of_mysql
from osiris.components.mysql.config import MysqlConnection
from osiris.components.postgres import session as of_postgres
from osiris.components.postgres.config import PostgresConnection
from osiris.components.postgres.driver import Refusal, failed
from osiris.components.postgres.rows import Query
from osiris.components.sqlite import session as of_sqlite
from osiris.components.sqlite.config import SqliteConnection
from osiris.components.sqlite.rows import Source
from osiris.kit.component import Place
from osiris.model.errors import OsirisError

SECONDS = 0.05  # after which a statement is given up: sleeps and locks take longer
SHOP = (
    "CREATE TABLE customers (id integer, name varchar(20))",
    "CREATE TABLE orders (id integer, customer_id integer, amount integer)",
    "INSERT INTO customers VALUES (1, 'Ana'), (2, 'Bo')",
    "INSERT INTO orders VALUES (1, 1, 10), (2, 2, 20)",
)
# What such a session takes all the same, and why that is so; the guard alone refuses it.
KNOWN = {
    "BEGIN NOT ATOMIC COMMIT; SET SESSION TRANSACTION READ WRITE; DELETE FROM customers; END": "one statement, in "
    "which MariaDB may end the transaction around it; an extractor prepares its query, and no block can be prepared",
}
Send = Callable[[str], bool]
State = Callable[[], object]


def after(sent: Sequence[str], send: Send, state: State) -> tuple[list[str], list[str]]:
    """Send statements; return those that were carried out, and those of them after which something was different.

    Args:
        sent: Each on a session of its own, if need be.
        send: Says whether it was carried out.
        state: Returns all that may not change.
    """
    taken, changed = [], []
    before = state()
    for sql in sent:
        if send(sql):
            taken.append(sql)
            if (now := state()) != before:
                changed.append(sql)
                before = now
    assert state() == before, "a statement that failed changed something"
    return taken, changed


def files(folder: Path) -> dict[str, str]:
    """Return every file below a folder with a digest of what is in it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder that every server may write into, in the place of /tmp."""
    folder = Path("/tmp") / f"osiris-watched-{uuid4().hex[:12]}"  # noqa: S108 - pytest's own is closed to other users
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def against(dialect: str, folder: Path) -> list[str]:
    """Return the attacks on a dialect, with a folder that is watched in the place of /tmp."""
    return [sql.replace("/tmp/", f"{folder}/") for sql in attacks(dialect)]  # noqa: S108 - it is replaced


@contextmanager
def in_time(interrupt: Callable[[], None]) -> Iterator[None]:
    """Break a statement off when it takes too long; DuckDB and SQLite have no limit of their own."""
    timer = Timer(SECONDS, interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@pytest.fixture
def shop_mysql() -> Iterator[tuple[Server, MysqlConnection]]:
    """Lend a shop on a server, and a connection of a user who owns it, and no more."""
    with mysql.database() as at:
        user = f"u_{uuid4().hex[:12]}"
        mysql.ask(
            at,
            *SHOP,
            "CREATE FUNCTION my_function(a INT) RETURNS INT MODIFIES SQL DATA "
            "BEGIN DELETE FROM customers; RETURN a; END",
            "CREATE PROCEDURE my_procedure() BEGIN COMMIT; DELETE FROM customers; END",
            "CREATE SEQUENCE s",
            f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'x'",
            f"GRANT ALL PRIVILEGES ON {at.database}.* TO {user}@'127.0.0.1' WITH GRANT OPTION",
        )
        fields = {"host": at.host, "port": at.port, "database": at.database, "user": user, "password": "x"}
        yield at, MysqlConnection.model_validate(fields)
        mysql.ask(at, f"DROP USER {user}@'127.0.0.1'")


def state_of_mysql(at: Server, user: str) -> object:
    """Return all that a statement may change: rows, definitions, users, databases, settings."""
    tables = mysql.ask(at, "SHOW FULL TABLES")
    mine = f"= '{at.database}'"
    return (
        tables,
        [mysql.ask(at, f"SHOW CREATE TABLE {name}", f"SELECT * FROM {name}") for name, _ in tables],
        mysql.ask(at, f"SELECT * FROM information_schema.columns WHERE table_schema {mine}"),
        mysql.ask(
            at, f"SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema {mine}"
        ),
        mysql.ask(at, f"SELECT event_name FROM information_schema.events WHERE event_schema {mine}"),
        mysql.ask(at, f"SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema {mine}"),
        mysql.ask(at, "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 't\\_%'"),
        mysql.ask(at, f"SELECT * FROM information_schema.user_privileges WHERE grantee REGEXP '{user}|root|''x'''"),
        mysql.ask(at, f"SELECT * FROM information_schema.schema_privileges WHERE table_schema {mine}"),
        mysql.ask(at, "SHOW GLOBAL VARIABLES"),
    )


@pytest.mark.slow
def test_mariadb_stays_as_it_was(shop_mysql: tuple[Server, MysqlConnection], watched: Path) -> None:
    at, connection = shop_mysql

    def send(sql: str) -> bool:
        with suppress(pymysql.err.Error, UnicodeError), of_mysql.reading(connection, SECONDS) as db:
            of_mysql.ask(db, sql)
            return True
        return False

    taken, changed = after(
        against("mysql", watched), send, lambda: (state_of_mysql(at, connection.user), files(watched))
    )
    assert set(changed) <= set(KNOWN)
    assert len(taken) > 40, "hardly an attack was understood"


@pytest.fixture
def shop_postgres() -> Iterator[tuple[Server, PostgresConnection]]:
    """Lend a shop on a server, and a connection of a user who owns it, and no more."""
    with postgres.database() as at:
        user = f"u_{uuid4().hex[:12]}"
        postgres.ask(
            at,
            f"CREATE ROLE {user} LOGIN PASSWORD 'x'",
            f"ALTER DATABASE {at.database} OWNER TO {user}",
            f"ALTER SCHEMA public OWNER TO {user}",
            f"SET ROLE {user}",
            *SHOP,
            "CREATE SEQUENCE s",
            "CREATE MATERIALIZED VIEW v AS SELECT * FROM customers",
            "SELECT lo_create(1)",
            "CREATE FUNCTION my_function(a int) RETURNS int AS 'DELETE FROM customers; SELECT a' LANGUAGE sql",
            "CREATE FUNCTION my_table_function() RETURNS SETOF int AS 'DELETE FROM customers RETURNING 1' LANGUAGE sql",
            "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM customers; END'",
        )
        fields = {"host": at.host, "port": at.port, "database": at.database, "user": user, "password": "x"}
        yield at, PostgresConnection.model_validate(fields)
        postgres.ask(at, f"REASSIGN OWNED BY {user} TO CURRENT_USER", f"DROP OWNED BY {user}")
    postgres.ask(postgres.server(), f"DROP ROLE {user}")


_POSTGRES_STATE = (
    "SELECT oid, relname, relkind, relowner, relacl, relnatts, relpersistence FROM pg_class WHERE relkind <> 't'",
    "SELECT oid, nspname, nspacl FROM pg_namespace WHERE nspname NOT LIKE 'pg_t%'",
    "SELECT attrelid, attname, atttypid, attisdropped FROM pg_attribute",
    "SELECT oid, proname, prosrc FROM pg_proc",
    "SELECT * FROM pg_description",
    "SELECT oid, collname FROM pg_collation",
    "SELECT extname FROM pg_extension",
    "SELECT evtname FROM pg_event_trigger",
    "SELECT tgname FROM pg_trigger",
    "SELECT rulename FROM pg_rewrite",
    "SELECT sequencename, last_value FROM pg_sequences",
    "SELECT oid FROM pg_largeobject_metadata",
    "SELECT loid, data FROM pg_largeobject",
    "SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'x'",
    "SELECT roname FROM pg_replication_origin WHERE roname = 'x'",
    "SELECT datname FROM pg_database WHERE datname NOT LIKE 't\\_%'",
    "SELECT * FROM pg_db_role_setting",
    "SELECT name, setting FROM pg_settings",
    "SELECT * FROM pg_prepared_xacts",
    "SELECT * FROM customers",
    "SELECT * FROM orders",
    "SELECT * FROM v",
)


def state_of_postgres(at: Server, user: str) -> object:
    """Return a digest of all that a statement may change: rows, definitions, users, databases, settings."""
    users = f"SELECT * FROM pg_authid WHERE rolname IN ('{user}', '{at.user}', 'x')"
    digest = "(SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM ({}) AS t)"
    return postgres.ask(at, f"SELECT {', '.join(digest.format(sql) for sql in (*_POSTGRES_STATE, users))}")


@pytest.mark.slow
def test_postgresql_stays_as_it_was(shop_postgres: tuple[Server, PostgresConnection], watched: Path) -> None:
    at, connection = shop_postgres

    def sent_alone(sql: str) -> bool:
        with of_postgres.opened(connection, read_only=True, seconds=SECONDS) as db:
            db.wire.send_query_params(sql.encode(), None)
            result = of_postgres.next_result(db)
            return result is not None and not failed(result)

    def pulled(sql: str) -> bool:
        """Read as an extractor does, which says how its queries are sent."""
        with of_postgres.opened(connection, read_only=True, seconds=SECONDS) as db:
            list(Query.understood(db, sql).pulled(db))
            return True

    def send(sql: str) -> bool:
        with suppress(psycopg.Error, ValueError):
            done = sent_alone(sql)
            with suppress(psycopg.Error, Refusal, OsirisError):
                done |= (done or ";" in sql) and pulled(sql)
            return done
        return False

    taken, changed = after(
        against("postgres", watched), send, lambda: (state_of_postgres(at, connection.user), files(watched))
    )
    assert changed == []
    assert len(taken) > 40, "hardly an attack was understood"


def carried_out(db: Any, sql: str) -> None:
    """Run a statement and fetch its rows, if it has any."""
    done = db.execute(sql)
    if done is not None:
        done.fetchall()


@dataclass
class Lent:
    """A session for one statement after the other, opened anew once one was carried out on it."""

    opening: Callable[[], AbstractContextManager[Any]]
    carry_out: Callable[[Any, str], object]
    held: ExitStack = field(default_factory=ExitStack)
    db: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.held.close()

    def send(self, sql: str) -> bool:
        """Carry a statement out, if it can be."""
        self.db = self.db or self.held.enter_context(self.opening())
        try:
            with in_time(self.db.interrupt):
                self.carry_out(self.db, sql)
        except (duckdb.Error, ValueError):
            return False
        self.held.close()
        self.db = None
        return True


@pytest.mark.slow
def test_a_duckdb_file_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(duckdb.connect("shop.duckdb")) as shop:
        for sql in (*SHOP, "CREATE SEQUENCE s", "CREATE MACRO my_macro(a) AS a + 1"):
            shop.execute(sql)
    Path("x.csv").write_text("id,name\n1,Ana\n", encoding="utf-8")
    place, connection = Place(project=tmp_path, scratch=tmp_path), DuckdbConnection(path="shop.duckdb")
    with Lent(lambda: of_duckdb.reading(connection, place), carried_out) as lent:
        taken, changed = after(against("duckdb", tmp_path), lent.send, lambda: files(tmp_path))
    assert changed == []
    assert len(taken) > 40, "hardly an attack was understood"


@pytest.mark.slow
def test_a_query_over_rows_on_their_way_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text("id,name\n1,Ana\n", encoding="utf-8")

    @contextmanager
    def with_inputs() -> Iterator[of_duckdb.Db]:
        with of_duckdb.alone(tmp_path) as db:
            for sql in SHOP:
                db.execute(sql)
            yield db

    with Lent(with_inputs, carried_out) as lent:
        taken, changed = after(against("duckdb", tmp_path), lent.send, lambda: files(tmp_path))
    assert changed == []
    assert len(taken) > 40, "hardly an attack was understood"


def test_an_sqlite_file_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("shop.sqlite")) as shop:
        for sql in SHOP:
            shop.execute(sql)
        shop.commit()
    place, connection = Place(project=tmp_path, scratch=tmp_path), SqliteConnection(path="shop.sqlite")

    def sent_alone(db: of_sqlite.Db, sql: str) -> None:
        of_sqlite.shut(db)
        carried_out(db, sql)

    def pulled(db: of_sqlite.Db, sql: str) -> None:
        """Read as an extractor does, which lets SQLite understand the query before it shuts the database."""
        carried_out(db, Source.of(db, sql, "the query").query)

    def send(sql: str) -> bool:
        done = 0
        for way in (sent_alone, pulled):
            with (
                suppress(sqlite3.Error, OsirisError, ValueError),
                of_sqlite.reading(connection, place) as db,
                in_time(db.interrupt),
            ):
                way(db, sql)
                done += 1
        return done > 0

    taken, changed = after(against("sqlite", tmp_path), send, lambda: files(tmp_path))
    assert changed == []
    assert len(taken) > 10, "hardly an attack was understood"


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        pytest.param("mysql", "SELECT 'x' INTO OUTFILE '{file}'", id="mysql"),
        pytest.param("mysql", "SELECT 'x' INTO DUMPFILE '{file}'", id="mysql-dump"),
        pytest.param("postgres", "COPY (SELECT 'x') TO '{file}'", id="postgres"),
    ],
)
def test_only_the_guard_stands_between_a_user_with_rights_over_the_server_and_its_files(
    watched: Path, dialect: str, sql: str
) -> None:
    """A read-only transaction is about tables: a server writes a file in it, for whoever may do that."""
    file = watched / "written"
    written = sql.format(file=file)
    at = mysql.server() if dialect == "mysql" else postgres.server()
    fields = {"host": at.host, "port": at.port, "database": at.database, "user": at.user, "password": at.password}
    if dialect == "mysql":
        with of_mysql.reading(MysqlConnection.model_validate(fields)) as db:
            of_mysql.ask(db, written)
    else:
        with of_postgres.opened(PostgresConnection.model_validate(fields), read_only=True) as db:
            db.ask(written)
    assert not at.pid or file.is_file()  # a server of somebody else's may lie elsewhere
    assert refusal(written, dialect) is not None
