"""A plan as one page."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened, with_shop
from tests.unit.observe.test_html import Reader

from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.model.catalogue import Column
from osiris.model.loss import Mapped
from osiris.model.plan import Plan, PlannedStep, PlannedWrite, SourceSeen, TargetState
from osiris.observe.html.markup import POLICY
from osiris.observe.html.plan import plan_page

FILE = "pipelines/cities.yaml"
HOSTILE = "</pre><script>alert(1)</script>\u202e\x1b[31m"


def plan(**changes: object) -> Plan:
    columns = (Column(name="id", type="int64", nullable=False), Column(name="n", type="uint64"))
    steps = (
        PlannedStep(step_id="a", component="toy.reader", mode="read", reads="@toy.shop", query=HOSTILE),
        PlannedStep(
            step_id="w", component="toy.writer", mode="write", takes=("a",), waits=("a",), columns=columns,
            lineage={"id": ("@toy.shop.t.id",)}, proved=("names", "types", "lineage"),
            losses=(Mapped(column="n", source="uint64", target="INTEGER", loss="lossy", note="It is long."),),
        ),
    )  # fmt: skip
    write = PlannedWrite(
        step_id="w", target="@toy.shop/t", write_mode="merge", primary_key=("id",), ddl="CREATE TABLE t (id)",
        state=TargetState(target="t", exists=True, rows=1200), destructive="@toy.shop/t holds 1200 rows",
    )  # fmt: skip
    whole = {"pipeline": HOSTILE, "manifest_hash": "a" * 64, "envelope": "b" * 64, "steps": steps, "writes": (write,)}
    return Plan.model_validate(whole | changes)


def test_it_is_whole_and_loads_and_runs_nothing() -> None:
    text = plan_page(plan())
    found = Reader(text)
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    links = [str(attributes["href"]) for tag, attributes in found.tags if tag == "a"]
    assert [link for link in links if link.removeprefix("#") not in ids] == []
    assert {tag for tag, _ in found.tags} & {"script", "img", "link", "iframe", "object", "form", "input"} == set()
    assert [name for _, attributes in found.tags for name in attributes if name.startswith("on")] == []
    assert POLICY in [attributes.get("content") for _, attributes in found.tags]
    assert re.findall(r"url\((?!#)|@import|https?://", text) == []


def test_it_can_be_read_on_a_phone_by_day_and_by_night() -> None:
    text = plan_page(plan())
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text


def test_what_people_and_databases_wrote_is_text() -> None:
    text = plan_page(plan())
    assert "&lt;/pre&gt;&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "said",
    [
        "Destructive:",
        "@toy.shop/t holds 1200 rows",
        "merge by id",
        "CREATE TABLE t (id)",
        "int64 not null",
        "INTEGER, lossy. It is long.",
        "@toy.shop.t.id",
        "types not proved",
        "lineage proved",
        "Its columns are not known yet.",
        "bbbbbbbbbbbbbbbb",
    ],
)
def test_it_says_all_that_a_person_has_to_know(said: str) -> None:
    assert said in Reader(plan_page(plan())).said


def test_every_step_is_in_the_graph_and_every_way_of_rows(tmp_path: Path) -> None:
    text = plan_page(plan_pipeline(opened(make(tmp_path)), PlanPipeline(file=FILE)))
    tags = [(tag, attributes.get("class")) for tag, attributes in Reader(text).tags if tag in {"rect", "path"}]
    assert tags.count(("rect", None)) == 3
    assert tags.count(("path", None)) == 2
    assert text == plan_page(plan_pipeline(opened(tmp_path), PlanPipeline(file=FILE)))


def test_what_is_not_proved_is_told(tmp_path: Path) -> None:
    oml = (with_shop(tmp_path) / FILE).read_text("utf-8").replace("data/cities.csv", "data/none.csv")
    text = plan_page(plan_pipeline(opened(tmp_path), PlanPipeline(text=oml)))
    assert "Not proved, and warnings" in text
    assert "OSR-TYP-001" in text


def test_a_writer_that_was_not_looked_at_and_one_without_a_target_yet() -> None:
    write = plan().writes[0]
    unseen = write.model_copy(update={"state": None, "destructive": ""})
    missing = write.model_copy(update={"state": TargetState(target="t", exists=False)})
    file = write.model_copy(update={"state": TargetState(target="t", exists=True, sha256="a")})
    for one, said in ((unseen, "not looked at"), (missing, "not there yet"), (file, ">exists<")):
        assert said in plan_page(plan(writes=(one,)))


def test_what_is_known_of_sources_is_told_with_its_age() -> None:
    seen = SourceSeen(connection="@toy.shop", seen=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    text = plan_page(plan(sources=(seen, SourceSeen(connection="@toy.far", why="nobody looked")), profile="prod"))
    for said in ("seen 2026-01-02 03:04 UTC", "not known: nobody looked", "profileprod"):
        assert said in Reader(text).said


def test_a_long_plan_is_folded() -> None:
    steps = tuple(PlannedStep(step_id=f"step-{n}", component="toy.reader", mode="read") for n in range(13))
    assert '<details class="read">' in plan_page(plan(steps=steps, writes=()))
    assert '<details class="read" open>' in plan_page(plan(steps=steps[:3], writes=()))
