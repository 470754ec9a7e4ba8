"""Rows out of MySQL: those asked for, in their order, of one moment; and no end that is not the end."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pyarrow as pa
import pymysql
import pytest
from pydantic import ValidationError
from tests.contract.test_mysql import numbers
from tests.services import mysql
from tests.services.mysql import ask
from tests.services.shared import Server
from tests.unit.components.mysql.told import PLACE, desk, extractor, fields, read

from osiris.components.mysql import session
from osiris.components.mysql.columns import batch, columns_of_result
from osiris.components.mysql.config import MysqlConnection
from osiris.components.mysql.wire import Field, Rows
from osiris.kit.component import Surveyor
from osiris.kit.registry import Registry
from osiris.kit.stream import Stream
from osiris.model.errors import AuthorError, CheckFailed, Interrupted, OsirisError, SourceError

MANY = 60_000  # rows: some blocks, so that there is a half way


@pytest.fixture
def people(at: Server) -> Server:
    """Return a database with three people and a view."""
    ask(
        at,
        "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(50), size FLOAT)",
        "INSERT INTO people VALUES (1, 'Ada', 0.1), (2, 'Bob', 1.85), (3, NULL, NULL)",
        "CREATE VIEW adults AS SELECT id, name FROM people WHERE id < 3",
        "CREATE TABLE `odd.name` (i INT)",
    )
    return at


@pytest.fixture
def many(at: Server) -> Server:
    """Return a database with a long table."""
    ask(
        at,
        "CREATE TABLE many (id INT PRIMARY KEY, text VARCHAR(100), size FLOAT)",
        f"INSERT INTO many SELECT n, REPEAT('x', 100), n FROM ({numbers(MANY)}) AS n",
    )
    return at


def ids(found: pa.Table) -> list[int]:
    return [int(str(value)) for value in found.column("id").to_pylist()]


def test_reads_these_columns_in_this_order(people: Server) -> None:
    found = read(people, table="people", columns=["size", "id"])
    assert found.column_names == ["size", "id"]


def test_reads_so_many_rows_after_so_many(people: Server) -> None:
    assert ids(read(people, table="people", limit=1, offset=1)) == [2]
    assert ids(read(people, table="people", offset=2)) == [3]
    assert ids(read(people, table="people", limit=0)) == []


def test_reads_so_many_rows_of_a_query(people: Server) -> None:
    query = "SELECT id, name FROM people ORDER BY id DESC"
    assert ids(read(people, query=query, limit=1, offset=1)) == [2]
    assert ids(read(people, query=query, offset=2)) == [1]


def test_a_query_wins_over_a_table(people: Server) -> None:
    assert ids(read(people, query="SELECT id FROM people WHERE id = 2", table="adults")) == [2]


def test_reads_a_view_and_a_table_of_another_database(people: Server) -> None:
    assert ids(read(people, table="adults")) == [1, 2]
    assert ids(read(people, table=f"{people.database}.people")) == [1, 2, 3]
    assert ids(read(people, table="people", schema=people.database)) == [1, 2, 3]
    assert read(people, table="odd.name").num_rows == 0


def test_a_query_keeps_its_order_where_it_has_floats(many: Server) -> None:
    found = read(many, query="SELECT id, size FROM many ORDER BY id DESC; -- the end")
    assert ids(found) == list(range(MANY - 1, -1, -1))


def test_a_query_keeps_its_limit_where_it_has_floats(many: Server) -> None:
    found = read(many, query="SELECT id, size FROM many ORDER BY id DESC LIMIT 2")
    assert found.to_pydict() == {"id": [MANY - 1, MANY - 2], "size": [MANY - 1.0, MANY - 2.0]}


def test_a_table_that_is_not_there_is_answered_with_the_nearest(people: Server) -> None:
    with pytest.raises(SourceError, match="no table 'peple'") as caught:
        read(people, table="peple")
    assert caught.value.hint == "did you mean 'people'?"
    with pytest.raises(SourceError) as caught:
        read(people, table="quite_another")
    assert caught.value.hint == "there are: adults, odd.name, people"


def test_a_column_that_is_not_there_is_answered_with_the_nearest(people: Server) -> None:
    with pytest.raises(SourceError, match="no column 'nmae'") as caught:
        read(people, table="people", columns=["nmae"])
    assert "'name'" in caught.value.hint


@pytest.mark.parametrize(
    ("query", "said", "hint"),
    [
        ("SELECT nmae FROM people", "Unknown column 'nmae'", "did you mean 'name'?"),
        ("SELECT x.id FROM people", "Unknown table 'x'|Unknown column 'x.id'", "mend|did you mean"),
        ("SELECT id, id FROM people", "two columns are called 'id'", "name each column once"),
        ("SELECT id, name AS ID FROM people", "two columns are called", "name each column once"),
        ("SELECT quite_unlike_anything FROM people", "Unknown column", "there are: adults, i, id"),
        ("SELECT sum(id) FROM people WHERE sum(id) > 1", "does not understand", "mend the query"),
        ("DELETE FROM people", "refused", "SELECT"),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", "query", ""),
    ],
)
def test_a_wrong_query_is_the_authors(people: Server, query: str, said: str, hint: str) -> None:
    with pytest.raises(AuthorError, match=said) as caught:
        extractor(people, query=query).extract()
    assert any(part in caught.value.hint for part in hint.split("|"))


def test_a_query_about_a_table_that_is_not_there(people: Server) -> None:
    with pytest.raises(SourceError, match="doesn't exist") as caught:
        read(people, query="SELECT * FROM nowhere")
    assert caught.value.hint


def test_surveys_what_it_delivers(people: Server) -> None:
    found = extractor(people, query="SELECT name, count(*) AS n, avg(size) AS s FROM people GROUP BY name")
    assert isinstance(found, Surveyor)
    with found.extract() as stream:
        assert [(c.name, c.type) for c in found.survey().columns] == [(f.name, str(f.type)) for f in stream.schema]


def test_columns_that_are_not_those_of_the_plan_are_refused(people: Server) -> None:
    settled = {"id": "int32", "name": "string", "size": "double", "gone": "string"}
    with pytest.raises(CheckFailed, match="'gone' is gone, 'size' was double and is float") as caught:
        read(people, table="people", settled=settled)
    assert caught.value.hint == "compile the pipeline again"


def test_columns_that_change_before_the_first_row_are_noticed(people: Server) -> None:
    with extractor(people, table="adults").extract() as stream:
        ask(people, "CREATE OR REPLACE VIEW adults AS SELECT name AS id, id AS name FROM people")
        with pytest.raises(SourceError):
            list(stream)
    query = "SELECT * FROM adults"
    with extractor(people, query=query).extract() as stream:
        ask(people, "CREATE OR REPLACE VIEW adults AS SELECT name FROM people")
        with pytest.raises(CheckFailed, match="changed while the run was going on"):
            list(stream)


def test_a_stream_that_nobody_reads_keeps_nobody_from_altering_the_table(people: Server) -> None:
    with extractor(people, table="people").extract():
        ask(people, "SET lock_wait_timeout = 1", "ALTER TABLE people ADD COLUMN note TEXT")


def test_sees_one_moment(people: Server) -> None:
    with extractor(people, table="people").extract() as stream:
        ask(people, "DELETE FROM people WHERE id = 1", "INSERT INTO people (id) VALUES (4)")
        assert ids(pa.Table.from_batches(stream, stream.schema)) == [1, 2, 3]


def test_the_server_refuses_every_change(people: Server) -> None:
    connection = Registry.installed().connect("mysql", fields(people))
    assert isinstance(connection, MysqlConnection)
    with session.reading(connection) as db, pytest.raises(pymysql.err.Error, match="READ ONLY"):
        session.ask(db, "DELETE FROM people")


def test_a_query_that_fails_half_way_does_not_end_quietly(many: Server) -> None:
    one = f"IF(id < {MANY - 100}, 1, (SELECT 1 UNION SELECT 2))"
    with extractor(many, query=f"SELECT id, text, {one} AS one FROM many ORDER BY id").extract() as stream:
        assert next(iter(stream)).num_rows
        with pytest.raises(SourceError, match="more than 1 row"):
            list(stream)


def test_a_server_that_goes_away_half_way_is_an_error(many: Server) -> None:
    with extractor(
        many, query="SELECT * FROM many a, (SELECT 1 AS one UNION SELECT 2 UNION SELECT 3) b"
    ).extract() as s:
        assert next(iter(s)).num_rows
        kill(many, "%FROM many a%")
        with pytest.raises(SourceError, match=r"went away|broke it off"):
            list(s)


def kill(at: Server, statement: str) -> None:
    """Let the server end who is sending this."""
    for (number,) in at_work(at, statement):
        ask(at, f"KILL CONNECTION {number}")


def at_work(at: Server, statement: str) -> list[tuple[object, ...]]:
    found = ask(
        at,
        "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() "
        f"AND DB = '{at.database}' AND INFO LIKE '{statement}'",
    )
    return list(found)


@contextmanager
def locked(at: Server, table: str) -> Iterator[None]:
    """Let everybody wait who wants to read a table."""
    with mysql.connect(at) as holder, holder.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {table} WRITE")
        yield
        cursor.execute("UNLOCK TABLES")


def test_a_stream_is_closed_while_another_thread_waits_for_it(people: Server) -> None:
    raised: list[BaseException] = []
    stream = extractor(people, query="SELECT id FROM people").extract()
    with locked(people, "people"):
        waiting = Thread(target=pull, args=(stream, raised))
        waiting.start()
        while not at_work(people, "SELECT id FROM people%"):
            waiting.join(0.01)
        stream.close()
        waiting.join()
    assert [type(exc) for exc in raised] == [Interrupted]
    assert list(stream) == []


def pull(stream: Stream, raised: list[BaseException]) -> None:
    try:
        list(stream)
    except OsirisError as exc:
        raised.append(exc)


def test_a_server_that_says_nothing_for_too_long_is_given_up(people: Server) -> None:
    connection = fields(people, read_timeout=0.3)
    with extractor(people, connection, query="SELECT id FROM people").extract() as stream, locked(people, "people"):
        with pytest.raises(SourceError, match="said nothing for too long") as caught:
            list(stream)
        assert "`read_timeout`" in caught.value.hint


def test_a_query_that_takes_too_long_is_given_up_by_the_server(many: Server) -> None:
    query = "SELECT count(*) AS n FROM many a, many b WHERE a.size + b.size < 0"
    with extractor(many, query=query, statement_timeout=0.2).extract() as stream:
        with pytest.raises(SourceError, match="longer than it may") as caught:
            list(stream)
        assert caught.value.hint


def test_a_value_that_the_server_cut_is_an_error(many: Server) -> None:
    query = "SELECT group_concat(text) AS texts FROM many"
    with pytest.raises(SourceError, match="cut") as caught:
        read(many, query=query)
    assert "group_concat_max_len" in caught.value.hint


def test_a_warning_that_alters_nothing_is_none(people: Server) -> None:
    assert read(people, query="SELECT id / 0 AS nothing FROM people").to_pydict() == {"nothing": [None] * 3}


def test_a_sample_ends_where_enough_was_seen(many: Server) -> None:
    connection = Registry.installed().connect("mysql", fields(many))
    found, more = desk().query(connection, PLACE, "SELECT id, size FROM many ORDER BY id DESC LIMIT 50000", 3)
    assert (ids(found), more) == ([MANY - 1, MANY - 2, MANY - 3], True)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"query": "SELECT 1", "columns": ["a"]},
        {"table": "t", "columns": ["a", "a"]},
    ],
)
def test_settings_that_contradict_each_other_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Registry.installed().kind("mysql.extractor").about.config.model_validate(config)


def packed(*rows: bytes) -> Rows:
    """Return rows as they would come from the wire."""
    data, starts = b"", []
    for number, row in enumerate(rows):
        data += struct.pack("<I", len(row))[:3] + bytes([number])
        starts.append(len(data))
        data += row
    return Rows(pa.py_buffer(data + bytes(16)), starts)


TEXT = columns_of_result([Field("t", 253, 45, 100, 0, 0)], "fail")
SCHEMA = pa.schema([("t", pa.string())])


def test_lengths_that_lie_are_noticed() -> None:
    assert batch(packed(b"\x01a", b"\xfb"), TEXT, SCHEMA).to_pydict() == {"t": ["a", None]}
    with pytest.raises(SourceError, match="do not end"):
        batch(packed(b"\x02abc"), TEXT, SCHEMA)
    with pytest.raises(SourceError, match="longer than its row"):
        batch(packed(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xffa"), TEXT, SCHEMA)


def test_text_that_is_none_is_an_error_that_names_the_column() -> None:
    with pytest.raises(SourceError, match="column 't' holds a value that is no string"):
        batch(packed(b"\x02a\xff"), TEXT, SCHEMA)
