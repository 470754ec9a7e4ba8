"""A plan as one page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened, with_shop

from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.app.plan_page import page
from osiris.model.catalogue import Column
from osiris.model.loss import Mapped
from osiris.model.plan import Plan, PlannedStep, PlannedWrite, TargetState

FILE = "pipelines/cities.yaml"
HOSTILE = "</pre><script>alert(1)</script>\u202e\x1b[31m"


class Reader(HTMLParser):
    """Follows a page's tags and notes what is open, and what would be loaded or run."""

    EMPTY = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [name for name, _ in attrs if name in ("src", "href", "onload", "onclick")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


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
    text = page(plan())
    reader = read(text)
    assert reader.open == []
    assert reader.links == []
    assert "script" not in reader.tags
    assert "default-src 'none'" in text
    assert re.findall(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text) == []


def test_it_can_be_read_on_a_phone_by_day_and_by_night() -> None:
    text = page(plan())
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text


def test_what_people_and_databases_wrote_is_text() -> None:
    text = page(plan())
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
    assert said in page(plan())


def test_every_step_is_in_the_graph_and_every_way_of_rows(tmp_path: Path) -> None:
    text = page(plan_pipeline(opened(make(tmp_path)), PlanPipeline(file=FILE)))
    assert (read(text).tags.count("rect"), read(text).tags.count("path")) == (3, 2)
    assert text == page(plan_pipeline(opened(tmp_path), PlanPipeline(file=FILE)))


def test_what_is_not_proved_is_told(tmp_path: Path) -> None:
    oml = (with_shop(tmp_path) / FILE).read_text("utf-8").replace("data/cities.csv", "data/none.csv")
    text = page(plan_pipeline(opened(tmp_path), PlanPipeline(text=oml)))
    assert "Not proved, and warnings" in text
    assert "OSR-TYP-001" in text


def test_a_writer_that_was_not_looked_at_and_one_without_a_target_yet() -> None:
    write = plan().writes[0]
    unseen = write.model_copy(update={"state": None, "destructive": ""})
    missing = write.model_copy(update={"state": TargetState(target="t", exists=False)})
    file = write.model_copy(update={"state": TargetState(target="t", exists=True, sha256="a")})
    for one, said in ((unseen, "not looked at"), (missing, "not there yet"), (file, ">exists<")):
        assert said in page(plan(writes=(one,)))


def test_a_long_plan_is_folded() -> None:
    steps = tuple(PlannedStep(step_id=f"step-{n}", component="toy.reader", mode="read") for n in range(13))
    assert '<details class="read">' in page(plan(steps=steps, writes=()))
    assert '<details class="read" open>' in page(plan(steps=steps[:3], writes=()))
