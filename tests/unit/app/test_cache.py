"""What is known of a connection without opening it again."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml
from tests.unit.app.projects import opened, with_shop
from tests.unit.app.server import ORDERS, PASSWORD, Server, project

from osiris.app.cache import MOST_SURVEYS, Cache
from osiris.app.connections import identity
from osiris.app.project import Project
from osiris.model.catalogue import Catalogue, Column, ColumnProfile, Kept, Table, TableProfile
from osiris.model.connection import Reference
from osiris.model.errors import ConfigError, ConnectError, SecretMissing
from osiris.model.manifest import ManifestStep

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SHOP = "@far.shop"
CUSTOMERS = Table(name="customers", columns=(Column(name="id", type="int64"),))


def step(query: str) -> ManifestStep:
    return ManifestStep(id="read", component="far.reader", mode="read", connection=SHOP, config={"query": query})


def test_nothing_is_kept_before_somebody_looks(tmp_path: Path) -> None:
    server = Server()
    assert Cache(project(tmp_path, server)).find(SHOP) is None
    assert server.asked == []


def test_what_was_seen_is_known_without_the_server_and_without_its_secret(tmp_path: Path) -> None:
    server = Server()
    seen = Cache(project(tmp_path, server), lambda: NOON).look(SHOP)
    server.up = False
    kept = Cache(project(tmp_path, server, secret=False)).find(SHOP)
    assert kept == seen
    assert (kept.seen, kept.catalogue.source, kept.catalogue.tables) == (NOON, SHOP, (ORDERS,))


def test_a_look_that_fails_leaves_what_was_kept(tmp_path: Path) -> None:
    server = Server()
    cache = Cache(project(tmp_path, server))
    seen = cache.look(SHOP)
    server.up = False
    with pytest.raises(ConnectError):
        cache.look(SHOP)
    assert cache.find(SHOP) == seen


def test_looking_needs_the_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing):
        Cache(project(tmp_path, Server(), secret=False)).look(SHOP)


def test_what_is_kept_of_one_server_says_nothing_about_another(tmp_path: Path) -> None:
    server = Server()
    Cache(project(tmp_path, server)).look(SHOP)
    assert Cache(project(tmp_path, server, FAR_HOST="other.example.com")).find(SHOP) is None


def test_another_password_leads_to_the_same_server(tmp_path: Path) -> None:
    server = Server()
    Cache(project(tmp_path, server)).look(SHOP)
    assert Cache(project(tmp_path, server, FAR_PASSWORD="changed")).find(SHOP)  # pragma: allowlist secret


def test_what_is_kept_of_a_server_that_a_whole_address_names_is_about_that_address(tmp_path: Path) -> None:
    at = "mysql://ada:{}@{}/shop".format
    (tmp_path / "osiris_connections.yaml").write_text('mysql: {crm: {url: "${CRM}"}}', "utf-8")
    there = Project.open(tmp_path, exported={"CRM": at("horse", "one")})
    file = there.layout.catalogue("mysql", "crm")
    kept = Kept(
        connection=identity(there, Reference("mysql", "crm")), seen=NOON, catalogue=Catalogue(source="@mysql.crm")
    )
    file.parent.mkdir()
    file.write_text(kept.model_dump_json(), "utf-8")
    for address, known in ((at("staple", "one"), True), (at("horse", "two"), False), ("", True)):
        found = Cache(Project.open(tmp_path, exported={"CRM": address})).find("@mysql.crm")
        assert bool(found) is known
    assert "horse" not in kept.connection


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    cache = Cache(project(tmp_path, Server()))
    cache.look(SHOP)
    cache.keep_survey(step(f"SELECT '{PASSWORD}'"), CUSTOMERS)
    files = list((tmp_path / ".osiris_cache").iterdir())
    assert [file.name for file in files] == ["far.shop.json"]
    assert PASSWORD not in files[0].read_text("utf-8")


def commented(folder: Path, password: str) -> Cache:
    """Return a cache of a shop whose words and values hold a password of the project's."""
    (folder / "data").mkdir(parents=True)
    with duckdb.connect(folder / "data" / "shop.duckdb") as db:
        quoted = password.replace("'", "''")
        db.execute(f"""CREATE TABLE {'"' + password.replace('"', '""') + '"'} (token BIGINT PRIMARY KEY)""")
        db.execute(f"CREATE TABLE orders (id BIGINT, state ENUM ('paid', '{quoted}'), note TEXT)")
        db.execute(f"COMMENT ON TABLE orders IS 'sign on by {quoted}'")
        db.execute(f"COMMENT ON COLUMN orders.note IS 'or by {password.encode().hex()}'")
    written = {"duckdb": {"shop": {"path": "data/shop.duckdb"}}, "mysql": {"crm": {"password": "${PW}"}}}
    (folder / "osiris_connections.yaml").write_text(yaml.safe_dump(written), "utf-8")
    return Cache(Project.open(folder, exported={"PW": password}))


PROFILE = TableProfile(
    table="orders", rows=1, exact=True,
    columns=(ColumnProfile(name="note", type="string", nulls=0, distinct=1, values=("it is s3cr/t-inner-7",)),),
)  # fmt: skip


def test_what_a_source_says_is_kept_without_secrets(tmp_path: Path) -> None:
    password = "s3cr/t-inner-7"  # pragma: allowlist secret
    cache = commented(tmp_path, password)
    seen = cache.look("@duckdb.shop")
    cache.keep_profile("@duckdb.shop", PROFILE)
    kept = cache.find("@duckdb.shop")
    assert kept
    text = (tmp_path / ".osiris_cache" / "duckdb.shop.json").read_text("utf-8")
    assert (password in text, password.encode().hex() in text) == (False, False)
    orders = kept.catalogue.table("orders")
    assert orders
    assert orders == seen.catalogue.table("orders")
    assert (orders.comment, orders.columns[2].comment) == ("sign on by ***", "or by ***")
    assert orders.columns[1].source_type == "ENUM('paid', '***')"
    assert kept.profiles["orders"].profile.columns[0].values == ("it is ***",)
    assert [table.name for table in kept.catalogue.tables] == ["orders", "***"]


def test_a_short_word_stays_what_a_table_is_called_though_it_is_a_password(tmp_path: Path) -> None:
    cache = commented(tmp_path, "customers")
    cache.look("@duckdb.shop")
    kept = cache.find("@duckdb.shop")
    assert kept
    assert [table.name for table in kept.catalogue.tables] == ["customers", "orders"]
    orders = kept.catalogue.table("orders")
    assert orders
    assert orders.comment == "sign on by ***"


def test_the_cache_lies_where_the_settings_say(tmp_path: Path) -> None:
    Cache(project(tmp_path, Server(), OSIRIS_PATHS_CACHE="known")).look(SHOP)
    assert (tmp_path / "known" / "far.shop.json").is_file()


@pytest.mark.parametrize("content", [b"", b"{", b'{"seen": 1}', b"\xff"])
def test_a_file_that_nobody_can_use_is_no_file(tmp_path: Path, content: bytes) -> None:
    cache = Cache(project(tmp_path, Server()))
    cache.look(SHOP)
    (tmp_path / ".osiris_cache" / "far.shop.json").write_bytes(content)
    assert cache.find(SHOP) is None
    assert cache.known(SHOP).catalogue.tables == (ORDERS,)


def test_where_nothing_can_be_kept_everything_else_works(tmp_path: Path) -> None:
    (tmp_path / ".osiris_cache").write_text("a file in its place", "utf-8")
    cache = Cache(project(tmp_path, Server()))
    assert cache.look(SHOP).catalogue.tables == (ORDERS,)
    assert cache.find(SHOP) is None


def test_a_connection_that_is_not_configured_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"@far\.shpo"):
        Cache(project(tmp_path, Server())).find("@far.shpo")


def test_columns_are_kept_for_exactly_one_query(tmp_path: Path) -> None:
    cache = Cache(project(tmp_path, Server()))
    cache.look(SHOP)
    cache.keep_survey(step("SELECT 1"), CUSTOMERS)
    assert cache.survey(step("SELECT 1")) == CUSTOMERS
    assert cache.survey(step("SELECT 2")) is None
    settled = step("SELECT 1")
    assert (
        cache.survey(settled.model_copy(update={"config": settled.config | {"settled": {"a": "int64"}}})) == CUSTOMERS
    )


def test_columns_of_queries_go_when_a_table_changes(tmp_path: Path) -> None:
    server = Server()
    cache = Cache(project(tmp_path, server))
    cache.look(SHOP)
    cache.keep_survey(step("SELECT 1"), CUSTOMERS)
    cache.look(SHOP)
    assert cache.survey(step("SELECT 1")) == CUSTOMERS
    server.tables = (CUSTOMERS, ORDERS)
    cache.look(SHOP)
    assert cache.survey(step("SELECT 1")) is None


def test_statistics_stay_as_long_as_their_table(tmp_path: Path) -> None:
    server = Server()
    cache = Cache(project(tmp_path, server))
    cache.keep_profile(SHOP, TableProfile(table="orders", rows=3, exact=True, columns=()))
    assert set(cache.look(SHOP).profiles) == {"orders"}
    server.tables = (CUSTOMERS,)
    assert cache.look(SHOP).profiles == {}


def test_the_oldest_columns_go_where_there_are_too_many() -> None:
    kept = Kept(connection="x", seen=NOON, catalogue={"source": SHOP})
    for number in range(MOST_SURVEYS + 2):
        kept = kept.with_survey(f"query-{number}", CUSTOMERS, NOON + timedelta(seconds=number), MOST_SURVEYS)
    assert len(kept.surveys) == MOST_SURVEYS
    assert "query-1" not in kept.surveys
    assert "query-2" in kept.surveys


def test_what_is_kept_of_a_file_holds_until_the_file_changes(tmp_path: Path) -> None:
    cache = Cache(opened(with_shop(tmp_path)))
    seen = cache.look("@duckdb.shop")
    assert cache.find("@duckdb.shop") == seen
    with duckdb.connect(tmp_path / "data" / "shop.duckdb") as shop:
        shop.execute("CREATE TABLE more (id BIGINT)")
    assert cache.find("@duckdb.shop") is None
    assert len(cache.known("@duckdb.shop").catalogue.tables) == len(seen.catalogue.tables) + 1


def test_a_file_that_was_touched_is_looked_at_again(tmp_path: Path) -> None:
    cache = Cache(opened(with_shop(tmp_path)))
    cache.look("@duckdb.shop")
    os.utime(tmp_path / "data" / "shop.duckdb", ns=(1, 1))
    assert cache.find("@duckdb.shop") is None
