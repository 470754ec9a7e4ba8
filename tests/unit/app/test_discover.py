"""Looking at sources, and keeping what was seen."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tests.unit.app.projects import opened, with_shop
from tests.unit.app.server import ORDERS, PASSWORD, Server, project

from osiris.app.cache import Cache
from osiris.app.catalogue import DescribeTables, FindTables, describe_tables, find_tables
from osiris.app.discover import Discover, discover
from osiris.app.pipelines import CheckPipeline, check_pipeline
from osiris.app.project import Project
from osiris.model.errors import EXIT_CONNECTION, ConnectError, UsageError

SHOP = "@far.shop"
TABLES = 2_000
KINDS = ("VARCHAR", "INTEGER", "DECIMAL(12, 2)", "DATE", "TIMESTAMP") * 4


def test_the_first_look_is_kept_and_the_second_one_needs_no_server(tmp_path: Path) -> None:
    server = Server()
    first = discover(project(tmp_path, server), Discover(connection=SHOP))
    server.up = False
    second = discover(project(tmp_path, server, secret=False), Discover(connection=SHOP))
    assert second.connections[0].names == first.connections[0].names
    assert second.connections[0].seen == first.connections[0].seen
    assert [(line.table, line.rows, line.columns) for line in first.connections[0].names] == [("orders", 1_200_000, 3)]
    assert server.asked == ["catalogue"]


def test_names_come_first_and_columns_of_the_tables_asked_for(tmp_path: Path) -> None:
    far = project(tmp_path, Server())
    assert discover(far, Discover(connection=SHOP)).connections[0].tables == ()
    assert discover(far, Discover(connection=SHOP, tables=("ORDERS",))).connections[0].tables == (ORDERS,)


def test_a_refresh_looks_again(tmp_path: Path) -> None:
    server = Server()
    far = project(tmp_path, server)
    discover(far, Discover(connection=SHOP))
    server.tables = ()
    assert discover(far, Discover(connection=SHOP)).connections[0].names
    assert discover(far, Discover(connection=SHOP, refresh=True)).connections[0].names == ()


def test_a_refresh_that_fails_is_an_error(tmp_path: Path) -> None:
    far = project(tmp_path, Server(up=False))
    with pytest.raises(ConnectError):
        discover(far, Discover(connection=SHOP, refresh=True))


def test_a_connection_that_does_not_answer_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    far = project(tmp_path, Server(up=False))
    with duckdb.connect(tmp_path / "here.duckdb") as here:
        here.execute("CREATE TABLE t (id BIGINT)")
    with (tmp_path / "osiris_connections.yaml").open("a", encoding="utf-8") as file:
        file.write("  duckdb: {here: {path: here.duckdb}}\n  filesystem: {local: {base_dir: .}}\n")
    found = discover(far, Discover())
    assert [(one.connection, len(one.names), one.problem) for one in found.connections] == [
        ("@duckdb.here", 1, ""),
        ("@far.shop", 0, "nobody answers at db.example.com"),
    ]
    assert found.exit_code == EXIT_CONNECTION


def test_statistics_are_made_when_asked_for_shown_whole_and_kept_without_what_looks_personal(tmp_path: Path) -> None:
    far = project(tmp_path, Server())
    made = discover(far, Discover(connection=SHOP, tables=("orders",), profile_rows=500)).connections[0].profiles
    assert made[0].profile.columns[0].values == ("ada@example.com",)
    kept = discover(far, Discover(connection=SHOP, tables=("orders",))).connections[0].profiles
    assert [(column.name, column.values) for column in kept[0].profile.columns] == [
        ("customer_email", ()),
        ("amount", ("1", "***")),
    ]
    text = (tmp_path / ".osiris_cache" / "far.shop.json").read_text("utf-8")
    assert "ada@" not in text
    assert PASSWORD not in text


def test_no_value_is_kept_where_none_may_be_sampled(tmp_path: Path) -> None:
    far = project(tmp_path, Server(), OSIRIS_AGENT_SAMPLING="none")
    discover(far, Discover(connection=SHOP, tables=("orders",), profile_rows=500))
    kept = Cache(far).known(SHOP).profiles["orders"].profile
    assert [(column.distinct, column.minimum, column.values) for column in kept.columns] == [
        (1, None, ()),
        (2, None, ()),
    ]


def test_rows_are_shown_and_not_kept(tmp_path: Path) -> None:
    server = Server()
    far = project(tmp_path, server)
    (sample,) = discover(far, Discover(connection=SHOP, tables=("orders",), sample=1)).connections[0].samples
    assert (sample.rows.rows, sample.rows.cut) == ((("1",),), True)
    assert server.asked[-1] == "SELECT * FROM `orders` LIMIT 2"
    assert discover(far, Discover(connection=SHOP, tables=("orders",))).connections[0].samples == ()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (Discover(tables=("orders",)), "tables of which connection"),
        (Discover(connection=SHOP, sample=1), "of single tables"),
        (Discover(profile_rows=1), "of single tables"),
        (Discover(connection=SHOP, tables=("ordres",)), "no table 'ordres'"),
    ],
)
def test_what_can_not_be_answered_is_an_error_that_says_what_to_do(tmp_path: Path, ask: Discover, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        discover(project(tmp_path, Server()), ask)
    assert caught.value.hint


def test_the_agent_asks_a_server_once(tmp_path: Path) -> None:
    server = Server()
    far = project(tmp_path, server)
    find_tables(far, FindTables(words="amount"))
    describe_tables(far, DescribeTables(connection=SHOP, tables=("orders",)))
    assert server.asked == ["catalogue"]


def test_a_file_is_known_as_it_is_now(tmp_path: Path) -> None:
    shop = opened(with_shop(tmp_path))
    assert len(discover(shop, Discover()).connections[0].names) == 2
    with duckdb.connect(tmp_path / "data" / "shop.duckdb") as db:
        db.execute("CREATE TABLE more (id BIGINT)")
    assert len(discover(shop, Discover()).connections[0].names) == 3


@pytest.mark.slow
@pytest.mark.parametrize("family", ["duckdb", "sqlite"])
def test_two_thousand_tables_are_found_kept_in_little_room_and_compiled_against(tmp_path: Path, family: str) -> None:
    many = _many(tmp_path, family)
    (found,) = discover(many, Discover()).connections
    assert len(found.names) == TABLES
    assert (tmp_path / ".osiris_cache" / f"{family}.many.json").stat().st_size < 6_000_000
    (again,) = discover(many, Discover(tables=("table_1234",), connection=f"@{family}.many")).connections
    assert again.tables[0].columns[3].name == "column_2"
    pipeline = f"""\
oml_version: "0.1.0"
name: many
steps:
  - id: read
    component: {family}.extractor
    mode: read
    config: {{connection: "@{family}.many", query: "SELECT column_1 FROM table_1234 WHERE colunm_2 > 1"}}
  - {{id: write, component: filesystem.csv_writer, mode: write, config: {{path: out.csv}}}}
"""
    (finding,) = (d for d in check_pipeline(many, CheckPipeline(text=pipeline)).diagnostics if d.code == "OSR-NAM-002")
    assert finding.nearest[0] == "column_2"


def _many(folder: Path, family: str) -> Project:
    columns = ", ".join(f"column_{number} {kind}" for number, kind in enumerate(KINDS))
    made = [f"CREATE TABLE table_{number:04} (id BIGINT PRIMARY KEY, {columns})" for number in range(TABLES)]
    path = folder / f"many.{family}"
    if family == "duckdb":
        with duckdb.connect(path) as db:
            db.execute(f"BEGIN; {'; '.join(made)}; COMMIT")
    else:
        with closing(sqlite3.connect(path)) as db_file:
            db_file.executescript(f"BEGIN; {'; '.join(made)}; COMMIT")
    (folder / "osiris_connections.yaml").write_text(f"{family}: {{many: {{path: {path.name}}}}}\n", "utf-8")
    return opened(folder)
