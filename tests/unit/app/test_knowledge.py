"""Compiling goes by what is kept of servers; planning asks them."""

from pathlib import Path

import pytest
from tests.unit.app.projects import opened, with_shop
from tests.unit.app.server import ORDERS, PASSWORD, Server, project, reading

from osiris.app.cache import Cache
from osiris.app.pipelines import (
    CheckPipeline,
    CompilePipeline,
    PlanPipeline,
    check_pipeline,
    compile_file,
    make_ready,
    plan_pipeline,
)
from osiris.app.project import Project
from osiris.model.catalogue import Column
from osiris.model.errors import OmlError

SHOP = "@far.shop"
TABLE = reading("table: orders")
PLAIN = reading('query: "SELECT o.id, o.amount AS sum FROM orders o WHERE o.id > 1"')
COMPUTED = reading('query: "SELECT max(amount) AS most FROM orders"')


def columns(of: Project, text: str) -> list[str] | None:
    """Return the columns that compiling without a look proves for the first step."""
    return _listed(plan_pipeline(of, PlanPipeline(text=text, look=False)).steps[0].columns)


def _listed(found: tuple[Column, ...] | None) -> list[str] | None:
    return None if found is None else [f"{column.name} {column.type}" for column in found]


def test_without_a_catalogue_nothing_is_proved_and_nobody_is_asked(tmp_path: Path) -> None:
    server = Server()
    checked = check_pipeline(project(tmp_path, server), CheckPipeline(text=TABLE))
    assert checked.valid
    (note,) = checked.diagnostics
    assert (note.code, note.why) == (
        "OSR-TYP-001",
        "no catalogue for @far.shop (`osiris discover @far.shop` makes one)",
    )
    assert server.asked == []


def test_strict_makes_an_error_of_what_is_not_proved(tmp_path: Path) -> None:
    with pytest.raises(OmlError) as caught:
        compile_file(project(tmp_path, Server()), CompilePipeline(text=TABLE, strict=True))
    assert [finding.code for finding in caught.value.diagnostics] == ["OSR-TYP-001"]


def test_a_catalogue_proves_a_table_without_server_and_secret(tmp_path: Path) -> None:
    server = Server()
    Cache(project(tmp_path, server)).look(SHOP)
    server.up = False
    far = project(tmp_path, server, secret=False)
    assert columns(far, TABLE) == ["id int64", "amount decimal128(10, 2)", "customer_email string"]
    assert columns(far, reading("table: orders, columns: [amount]")) == ["amount decimal128(10, 2)"]
    assert check_pipeline(far, CheckPipeline(text=TABLE, strict=True)).diagnostics == ()


def test_a_catalogue_proves_a_query_that_only_selects_columns(tmp_path: Path) -> None:
    server = Server()
    far = project(tmp_path, server)
    Cache(far).look(SHOP)
    assert columns(far, PLAIN) == ["id int64", "sum decimal128(10, 2)"]
    assert server.asked == ["catalogue"]


def test_what_a_query_computes_is_not_guessed(tmp_path: Path) -> None:
    far = project(tmp_path, Server())
    Cache(far).look(SHOP)
    checked = check_pipeline(far, CheckPipeline(text=COMPUTED))
    assert checked.valid
    assert [finding.code for finding in checked.diagnostics] == ["OSR-TYP-001"]
    assert "`osiris plan` asks" in checked.diagnostics[0].why


def test_settings_that_change_types_are_not_proved_by_the_catalogue(tmp_path: Path) -> None:
    far = project(tmp_path, Server())
    Cache(far).look(SHOP)
    assert columns(far, reading("table: orders, as_text: true")) is None


def test_planning_asks_and_compiling_knows_it_from_then_on(tmp_path: Path) -> None:
    server = Server()
    far = project(tmp_path, server)
    planned = plan_pipeline(far, PlanPipeline(text=COMPUTED))
    assert _listed(planned.steps[0].columns) == ["looked_at int64"]
    server.up = False
    offline = project(tmp_path, server, secret=False)
    assert columns(offline, COMPUTED) == ["looked_at int64"]
    looked = make_ready(far, PlanPipeline(text=COMPUTED, look=False)).manifest
    assert looked.hash() == planned.manifest_hash


def test_a_name_that_is_not_in_the_catalogue_is_an_error_with_the_nearest_and_the_catalogues_age(
    tmp_path: Path,
) -> None:
    far = project(tmp_path, Server())
    Cache(far).look(SHOP)
    with pytest.raises(OmlError) as caught:
        compile_file(far, CompilePipeline(text=PLAIN.replace("o.amount", "o.amuont")))
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.nearest[0]) == ("OSR-NAM-002", "o.amount")
    assert "`osiris discover --refresh` looks again" in caught.value.hint


def test_planning_sees_a_table_that_is_new(tmp_path: Path) -> None:
    server = Server()
    far = project(tmp_path, server)
    Cache(far).look(SHOP)
    server.tables = (ORDERS, ORDERS.model_copy(update={"name": "refunds"}))
    text = reading("table: refunds")
    assert not check_pipeline(far, CheckPipeline(text=text)).valid
    assert plan_pipeline(far, PlanPipeline(text=text)).steps[0].columns


def test_a_plan_without_the_server_goes_by_what_is_kept_and_says_since_when(tmp_path: Path) -> None:
    server = Server()
    far = project(tmp_path, server)
    seen = Cache(far).look(SHOP).seen
    server.up = False
    plan = plan_pipeline(far, PlanPipeline(text=TABLE))
    assert plan.steps[0].columns
    assert [(source.connection, source.seen) for source in plan.sources] == [(SHOP, seen)]


def test_a_plan_with_neither_server_nor_cache_says_so(tmp_path: Path) -> None:
    plan = plan_pipeline(project(tmp_path, Server(up=False)), PlanPipeline(text=TABLE))
    assert (plan.sources[0].seen, plan.sources[0].why) == (None, "nobody answers at db.example.com")
    assert [finding.why for finding in plan.not_proved] == ["nobody answers at db.example.com"]


def test_a_plan_tells_how_many_rows_the_tables_hold(tmp_path: Path) -> None:
    far = project(tmp_path, Server())
    for text in (TABLE, PLAIN, COMPUTED):
        (table,) = plan_pipeline(far, PlanPipeline(text=text)).steps[0].tables
        assert (table.table, table.rows) == ("orders", 1_200_000)


def test_what_is_kept_of_a_compiled_plan_says_nothing_of_time(tmp_path: Path) -> None:
    far = project(tmp_path, Server())
    Cache(far).look(SHOP)
    reply = compile_file(far, CompilePipeline(text=TABLE))
    assert [source.connection for source in reply.sources] == [SHOP]
    kept = (tmp_path / reply.folder / "plan.json").read_text("utf-8")
    assert '"sources":[]' in kept
    assert PASSWORD not in kept


def test_the_same_catalogue_gives_the_same_manifest_whenever_it_was_seen(tmp_path: Path) -> None:
    hashes = set()
    for name, rows in (("one", 1), ("two", 2_000)):
        (tmp_path / name).mkdir()
        far = project(tmp_path / name, Server(tables=(ORDERS.model_copy(update={"rows": rows}),)))
        Cache(far).look(SHOP)
        hashes.add(compile_file(far, CompilePipeline(text=TABLE)).manifest_hash)
    assert len(hashes) == 1


def test_a_database_that_lies_here_is_looked_at_directly_and_not_kept(tmp_path: Path) -> None:
    text = reading("table: orders").replace("far.reader", "duckdb.extractor").replace("@far.shop", "@duckdb.shop")
    assert columns(opened(with_shop(tmp_path)), text) == [
        "id int64", "customer_id int64", "amount decimal128(10, 2)"
    ]  # fmt: skip
    assert not (tmp_path / ".osiris_cache").exists()
