"""Pages: whole documents in which no value is ever markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.observe.shop import RUN, completed, failed, interrupted, manifest, session
from tests.unit.observe.test_aiop import before, many

from osiris.model.aiop import StepBefore
from osiris.model.errors import CheckFailed, SourceError, UsageError
from osiris.model.events import Event, StepProgress
from osiris.model.layout import Session
from osiris.model.oml import Metadata
from osiris.observe.html.course import MOST_POINTS, Course
from osiris.observe.html.graph import Arrow, Box, drawn
from osiris.observe.html.markup import el, joined, page
from osiris.observe.html.parts import curve, size, state, table
from osiris.observe.html.report import list_of, report
from osiris.observe.html.sql import coloured
from osiris.observe.redact import Redactor
from osiris.observe.runs import Run

VOID = {"meta", "br", "hr"}


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def read(kept: Session) -> Reader:
    return Reader(report(kept, Redactor()))


@pytest.mark.parametrize("events", [completed(), failed(), interrupted(), completed()[:6], []])
def test_every_run_has_a_page_whose_links_lead_somewhere(tmp_path: Path, events: list[Event]) -> None:
    found = read(session(tmp_path, events))
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [str(attrs["href"]) for tag, attrs in found.tags if tag == "a"]
    assert [link for link in links if link.removeprefix("#") not in ids] == []
    assert {tag for tag, _ in found.tags} & {"script", "img", "link", "iframe", "object", "form", "input"} == set()


def test_a_page_tells_what_the_record_proves(tmp_path: Path) -> None:
    found = read(session(tmp_path, completed(), previous=before(total_rows=8)))
    for said in (
        "Show me top customers by revenue",
        "Warning: 2 customers have no name",
        "rows before8 +25 %",
        "2,000 rows · 87.9 KiB",
        "output/top.csv",
        "ab" * 32,
        "committed; holds 10 rows",
        "@duckdb.shop.orders.customer",
        "decimal128(12, 2)",
        f"osiris run logs/{RUN}",
    ):
        assert said in found.said
    keys = [attrs.get("class") for tag, attrs in found.tags if tag == "span"]
    assert "key" in keys


def test_a_setting_that_is_called_query_and_is_no_text_is_no_statement(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    lines = kept.manifest.read_text("utf-8").splitlines()
    other = ["    query: {page: one}" if line.startswith("    query: ") else line for line in lines]
    assert other != lines
    kept.manifest.write_text("\n".join(other), "utf-8")
    assert "page: one" not in read(kept).said


def test_what_is_different_from_the_run_before_is_told(tmp_path: Path) -> None:
    made_from = manifest().fingerprints.model_dump() | {"params": "other"}
    steps = {"top": StepBefore(rows=8, seconds=0.1, nulls={"customer": 4, "gone": 0}, content="other")}
    earlier = before(total_rows=8, manifest_hash="another", fingerprints=made_from, steps=steps)
    found = read(session(tmp_path, completed(), previous=earlier))
    assert "This one is of the same pipeline with other parameters." in found.said
    assert "rows of top810+25 %revenue is new; gone is gone; NULLs of customer: 4, then 1; other values" in found.said


def test_a_failed_run_says_first_what_went_wrong(tmp_path: Path) -> None:
    found = read(session(tmp_path, failed()))
    head = found.said.index("What went wrongstep 'read-orders' failed: there is no table 'orders'")
    assert found.said.index("Why: it was dropped") > head
    assert found.said.index("What to do: discover the tables again") > head


@given(st.text(min_size=1, max_size=60))
def test_no_value_is_ever_markup(text: str) -> None:
    parts = (el("p", text, title=text), table(text, ("a", "b"), [(text, (text, text))]), coloured(text, "duckdb"))
    found = Reader(page(text, *parts))
    assert {tag for tag, _ in found.tags} <= {
        "html", "head", "meta", "title", "style", "body", "a", "p", "div", "table", "caption", "thead", "tbody", "tr",
        "th", "td", "pre", "code", "span",
    }  # fmt: skip


def test_what_steers_a_reader_is_shown_by_its_name() -> None:
    assert joined("a\u202eb\x00c\x1b[31m") == "a\\u202eb\\u0000c\\u001b[31m"
    assert joined(None, 1, 2.5, ["<", el("br")], "&") == "12.5&lt;<br>&amp;"
    assert el("p", hidden=True, title=None, class_='a"b') == '<p hidden class="a&quot;b"></p>'


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    nasty = "</style></title><script>alert(1)</script>\" onload='x' <!-- \u202e"
    step = (
        manifest()
        .steps[1]
        .model_copy(update={"config": {"query": f"SELECT '{nasty.replace(chr(39), '')}' -- {nasty}"}})
    )
    steps = (manifest().steps[0], step, manifest().steps[2])
    of = manifest(name=nasty, metadata=Metadata(intent=nasty), steps=steps)
    events = failed(SourceError(nasty, why=nasty, hint=nasty, where=nasty))
    text = report(session(tmp_path, events, of=of), Redactor())
    found = Reader(text)
    assert "script" not in {tag for tag, _ in found.tags}
    assert [name for _, attrs in found.tags for name in attrs if name.startswith("on")] == []
    assert "<!--" not in text
    assert found.said.count("<script>alert(1)</script>") >= 6


def test_a_page_of_many_steps_counts_what_it_leaves_out(tmp_path: Path) -> None:
    of, events = many(500)
    found = read(session(tmp_path, events, of=of))
    assert "850 more nodes are left out here." in found.said
    assert "What each step took and gave; 300 more are left out here" in found.said
    assert len([tag for tag, _ in found.tags if tag == "rect"]) == 150


def test_a_secret_in_a_pipeline_is_not_on_its_page(tmp_path: Path) -> None:
    of = manifest(metadata=Metadata(intent="use canary-secret-7"))
    kept = session(tmp_path, completed(of), of=of)
    text = report(kept, Redactor(["canary-secret-7"]))
    assert "canary" not in text
    with pytest.raises(CheckFailed) as caught:
        report(kept, Redactor(["What each step took"]))
    assert caught.value.hint


def test_a_run_without_its_manifest_has_no_page(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    kept.manifest.write_text("[", "utf-8")
    with pytest.raises(UsageError, match=r"manifest\.yaml"):
        report(kept, Redactor())


def test_a_list_leads_to_the_pages_that_there_are() -> None:
    runs = [
        Run("r 1", "shop", "h", "completed", "2026-01-02T03:04:05.600Z", 1.5, 12000),
        Run("r2", "<b>", "h", "running", "2026-01-02T03:04:05.600Z"),
        Run("r3", "shop", "h", "failed", "2026-01-02T03:04:05.600Z", 0.1, 0, "OSR-OUT-010"),
    ]
    found = Reader(list_of(runs, frozenset({"r 1"}), Redactor()))
    assert [attrs["href"] for tag, attrs in found.tags if tag == "a"] == ["#content", "r%201/report.html"]
    for said in ("did not complete1", "pipelines2", "12,000", "OSR-OUT-010", "2026-01-02 03:04:05"):
        assert said in found.said
    assert "Nothing has run here yet." in list_of([], frozenset(), Redactor())


def test_a_graph_is_drawn_downwards_and_survives_a_circle() -> None:
    boxes = [Box(name, "idle", name, "", name) for name in "abcd"]
    circle = [Arrow("a", "b"), Arrow("b", "c"), Arrow("c", "b"), Arrow("a", "x"), Arrow("a", "d", waits=True)]
    found = drawn(boxes, circle, "a circle")
    places = dict(re.findall(r"<title>(\w)</title><rect x=\"[\d.]+\" y=\"([\d.]+)\"", found))
    assert float(places["a"]) < float(places["b"])
    assert float(places["a"]) < float(places["d"])
    assert found.count("<path") == 5
    assert found.count('class="waits"') == 1
    assert "a circle" in drawn([], [], "a circle")


def test_a_name_too_long_for_a_box_is_cut_and_said_whole() -> None:
    found = drawn([Box("k", "idle", "n" * 80, "m" * 80, "n" * 80)], [], "x")
    assert f"{'n' * 22}…<" in found
    assert f"<title>{'n' * 80}</title>" in found


@pytest.mark.parametrize(
    ("statement", "marked"),
    [
        ("SELECT 1", '<span class="key">SELECT</span> <span class="num">1</span>'),
        ("select 'a<b'", '<span class="text">&#x27;a&lt;b&#x27;</span>'),
        ('FROM "t" -- no', '<span class="name">&quot;t&quot;</span> <span class="note">-- no</span>'),
        ("SELECT 'open", "SELECT &#x27;open"),
    ],
)
def test_statements_are_coloured(statement: str, marked: str) -> None:
    assert marked in coloured(statement, "duckdb")


def test_a_course_is_kept_in_little_room() -> None:
    events: list[dict[str, object]] = [
        {"event": "step_start", "step_id": "a", "ts": "2026-01-02T03:04:05.000Z"},
        *(
            {"event": "step_progress", "step_id": "a", "rows": n, "ts": f"2026-01-02T03:{n // 60:02}:{n % 60:02}.000Z"}
            for n in range(300, 3300)
        ),
        {"event": "step_complete", "step_id": "a", "rows": 3300, "ts": "2026-01-02T03:59:00.000Z"},
        {"event": "run_killed", "ts": "2026-01-03T00:00:00.000Z"},
    ]
    course = Course.of(events)
    points = course.progress["a"]
    assert len(points) <= MOST_POINTS
    assert points[0][1] == 0
    assert points[-1][1] == 3300
    assert course.seconds == course.ended["a"] < 3600


def test_progress_is_drawn(tmp_path: Path) -> None:
    read_step = completed()[3:5]
    steps = [StepProgress(step_id="read-orders", rows=rows, bytes=1) for rows in (100, 500)]
    found = read(session(tmp_path, [*completed()[:3], *read_step, *steps, *completed()[5:]]))
    assert "Rows of read-orders" in found.said
    assert "polyline" in {tag for tag, _ in found.tags}


def test_a_curve_without_width_or_height_is_drawn_all_the_same() -> None:
    assert "points" in curve([(1.0, 0.0), (1.0, 0.0)], "x", ("a", "b"))


def test_numbers_are_told_for_people() -> None:
    assert [size(n) for n in (0, 1023, 2048, 5_000_000_000_000)] == ["0 B", "1,023 B", "2.0 KiB", "4,656.6 GiB"]
    assert "✗ mismatch" in state("mismatch")
    assert state("odd") == '<span class="state">odd</span>'


def test_a_write_that_was_not_committed_is_told(tmp_path: Path) -> None:
    found = read(session(tmp_path, completed()[:-4]))
    assert "not committed" in found.said
    assert "no commit is recorded" in found.said
