"""What a person sees: aligned, calm, complete, and harmless to the terminal."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from osiris.app.catalogue import Rows
from osiris.app.runs import RunReport
from osiris.cli import show
from osiris.model.catalogue import Column
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.errors import OmlError, SourceError
from osiris.model.loss import Mapped
from osiris.model.plan import Plan, PlannedStep, PlannedTable, PlannedWrite, SourceSeen, TargetState
from osiris.model.receipt import Receipt, Written


def seen(part: RenderableType, width: int = 100) -> str:
    """Return what a person sees, without the blanks at the ends of lines."""
    out = StringIO()
    Console(file=out, width=width, no_color=True, highlight=False).print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def planned(write: PlannedWrite, **more: object) -> Plan:
    step = PlannedStep(step_id="read", component="filesystem.csv_extractor", mode="read", reads="data/a.csv")
    return Plan.model_validate(
        {"pipeline": "top", "manifest_hash": "a" * 64, "envelope": "0" * 64, "steps": [step], "writes": [write], **more}
    )


def test_a_plan_shows_losses_sources_rows_and_where_columns_come_from() -> None:
    seen_at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    read = PlannedStep(
        step_id="read",
        component="mysql.extractor",
        mode="read",
        reads="@mysql.shop",
        tables=(PlannedTable(table="orders", rows=1_200_000), PlannedTable(table="adults")),
        proved=("names", "types", "lineage"),
        columns=(Column(name="n", type="uint64"),),
    )
    write = PlannedStep(
        step_id="write",
        component="sqlite.writer",
        mode="write",
        takes=("read",),
        waits=("before",),
        columns=read.columns,
        lineage={"n": ("@mysql.shop.orders.n",), **{f"c{i}": () for i in range(7)}},
        losses=(Mapped(column="n", source="uint64", target="INTEGER", loss="lossy", note="It is long."),),
    )
    target = PlannedWrite(step_id="write", target="@sqlite.out/t", write_mode="replace")
    sources = (SourceSeen(connection="@mysql.shop", seen=seen_at), SourceSeen(connection="@mysql.other", why="gone"))
    lines = seen(show.plan(planned(target, sources=sources).model_copy(update={"steps": (read, write)}))).splitlines()
    for line in (
        "  ○  read   reads orders (1,200,000 rows), adults",
        "  ◆  write  replace @sqlite.out/t",
        "proved   names 1 of 2, types 1 of 2, lineage 1 of 2",
        "sources  @mysql.shop seen 2026-11-25 12:00 UTC, @mysql.other unknown",
        "  rows   orders (1,200,000 rows)",
        "  after    before",
        "  types    n: uint64 as INTEGER, lossy (It is long.)",
        "  lineage  n from @mysql.shop.orders.n",
        "           c0 from no column",
        "           and 2 more",
    ):
        assert line in lines


def test_columns_are_aligned_and_numbers_stand_on_the_right() -> None:
    lines = seen(show.table(("name", "rows"), [("a", "1"), ("longer", "1,000")], right="rows")).splitlines()
    assert lines == ["name     rows", "a           1", "longer  1,000"]


def test_what_could_steer_a_terminal_is_shown_as_its_escape() -> None:
    assert show.plain("a\x1b[31m\u202eb\tc\nd") == "a\\x1b[31m\\u202eb\\tc\nd"


def test_what_looks_like_markup_is_text() -> None:
    rows = Rows(columns=("[red]x[/]",), types=("string",), rows=(("[bold]y[/bold] :smile:",),))
    assert seen(show.rows(rows)).splitlines() == ["[red]x[/]", "[bold]y[/bold] :smile:"]


def test_rows_tell_null_from_empty_and_from_a_new_line() -> None:
    rows = Rows(columns=("t", "n"), types=("string", "int64"), rows=((None, "1"), ("", "20"), ("a\nb", None)), cut=True)
    assert seen(show.rows(rows)).splitlines() == [
        "t        n",
        "NULL     1",
        "        20",
        "a\\nb  NULL",
        "there are more",
    ]


def test_an_error_says_what_where_why_and_what_next() -> None:
    error = SourceError("cannot read 'a.csv'", where="step read", why="it is empty", hint="check `path`")
    assert seen(show.error(error.to_dict())).splitlines() == [
        "error: cannot read 'a.csv'  [OSR-OUT-010]",
        "  where  step read",
        "  why    it is empty",
        "  next   check `path`",
    ]


def test_findings_stand_before_the_error_that_carries_them_each_with_its_place() -> None:
    found = (
        Diagnostic(
            code="OSR-OML-003",
            message="there is no component 'x'",
            path="steps[0].component",
            line=5,
            column=16,
            step_id="read",
            nearest=("filesystem.csv_extractor",),
            hint="see `osiris components list`",
        ),
        Diagnostic(code="OSR-TYP-001", message="not proved", severity=Severity.NOTE),
    )
    error = OmlError("the pipeline has 1 error", found, where="top.yaml", hint="mend it")
    assert seen(show.error(error.to_dict())).splitlines() == [
        "top.yaml:5:16: error: there is no component 'x'  [OSR-OML-003]",
        "  in    step read at steps[0].component",
        "  near  filesystem.csv_extractor",
        "  next  see `osiris components list`",
        "top.yaml: note: not proved  [OSR-TYP-001]",
        "",
        "error: the pipeline has 1 error  [OSR-AUT-001]",
        "  next  mend it",
    ]


def test_a_plan_shows_steps_queries_writes_risk_and_token() -> None:
    write = PlannedWrite(
        step_id="write",
        target="@duckdb.shop/top",
        write_mode="merge",
        primary_key=("id",),
        ddl="CREATE TABLE top (id BIGINT)",
        state=TargetState(target="@duckdb.shop/top", exists=True, rows=1200),
        destructive="@duckdb.shop/top holds 1200 rows that will be updated by key",
    )
    columns = tuple(Column(name=f"c{i}", type="int64") for i in range(8))
    query = PlannedStep(
        step_id="q",
        component="duckdb.processor",
        mode="transform",
        takes=("read",),
        query="SELECT 1\nAS x\n",
        columns=columns,
    )
    plan = planned(write, params={"since": "2025-01-01"}, profile="dev")
    writer = PlannedStep(step_id="write", component="duckdb.writer", mode="write", takes=("q",), columns=columns[:1])
    assert seen(show.plan(plan.model_copy(update={"steps": (*plan.steps, query, writer)}))).splitlines() == [
        "plan of top",
        "",
        "profile  dev",
        "since    2025-01-01",
        "",
        "  ○  read   reads data/a.csv        not proved",
        "  ●  q      duckdb.processor",
        "  ◆  write  merge @duckdb.shop/top  ! destructive",
        "",
        "proved  names 0 of 3, types 0 of 3, lineage 0 of 3, safety 0 of 1",
        "",
        "read  read  filesystem.csv_extractor",
        "  takes  data/a.csv",
        "  gives  not known yet",
        "",
        "q  transform  duckdb.processor",
        "  takes  read",
        "  query  SELECT 1",
        "         AS x",
        "  gives  c0 int64, c1 int64, c2 int64, c3 int64, c4 int64, c5 int64 and 2 more",
        "",
        "write  write  duckdb.writer",
        "  takes    q",
        "  writes   c0 int64",
        "  to       @duckdb.shop/top, merge by id",
        "  now      holds 1,200 rows",
        "  made by  CREATE TABLE top (id BIGINT)",
        "",
        "! @duckdb.shop/top holds 1200 rows that will be updated by key",
        "",
        "manifest  aaaaaaaaaaaa",
        "token     0000000000000000",
    ]


@pytest.mark.parametrize(
    ("state", "now"),
    [
        (None, "not looked at"),
        (TargetState(target="a.csv", exists=False), "not there yet"),
        (TargetState(target="a.csv", exists=True, sha256="0" * 64), "exists"),
        (TargetState(target="a.csv", exists=True, rows=1), "holds 1 row"),
    ],
)
def test_a_plan_says_what_a_target_holds_now(state: TargetState | None, now: str) -> None:
    write = PlannedWrite(step_id="read", target="a.csv", write_mode="replace", state=state)
    assert f"  to      a.csv, replace\n  now     {now}\n" in seen(show.plan(planned(write)))


def test_a_plan_says_what_is_not_proved() -> None:
    note = Diagnostic(code="OSR-GRD-001", message="nobody looked", severity=Severity.NOTE)
    write = PlannedWrite(step_id="write", target="a.csv", write_mode="replace")
    assert "note: nobody looked  [OSR-GRD-001]" in seen(show.plan(planned(write, not_proved=(note,))))


def test_a_plan_as_a_document_names_the_token_and_the_risk() -> None:
    document = show.plan_document(planned(PlannedWrite(step_id="w", target="a.csv", write_mode="replace")))
    assert document["approval_token"] == "0" * 16
    assert document["destructive"] is False


def written(**more: object) -> Written:
    return Written.model_validate({"target": "a.csv", "write_mode": "replace", "staged": 2, **more})


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (written(), "a.csv"),
        (written(rows_after=2), "a.csv (2 rows)"),
        (written(rows_before=1, rows_after=2), "a.csv (1 row before, 2 now)"),
        (written(changes=("adds column note",)), "a.csv; adds column note"),
    ],
)
def test_a_receipt_says_what_the_target_holds(held: Written, text: str) -> None:
    receipt = Receipt(step_id="w", component="c.writer", mode="write", rows_in=2, rows_out=2, written=held)
    assert seen(show.receipts([receipt])).splitlines()[1].endswith(text)


def test_a_receipt_that_does_not_match_says_so() -> None:
    receipt = Receipt(step_id="w", component="c.writer", mode="write", status="mismatch", written=written())
    assert "does not match a.csv" in seen(show.receipts([receipt]))


def test_a_report_says_how_it_ended_and_where_its_record_lies() -> None:
    report = RunReport(
        run_id="r1",
        pipeline="top",
        manifest_hash="a",
        status="completed",
        exit_code=0,
        total_rows=1,
        seconds=0.25,
        receipts=(Receipt(step_id="read", component="c", mode="read", rows_out=1, nulls={"a": 1}, seconds=0.1),),
        session="logs/r1",
    )
    assert seen(show.report(report)).splitlines() == [
        "completed  top: 1 row written in 0.25 s",
        "",
        "step  in  out  nulls  seconds  target",
        "read        1      1     0.10",
        "",
        "record  logs/r1",
    ]
    failed = report.model_copy(update={"status": "failed", "receipts": ()})
    assert seen(show.report(failed)).splitlines()[0].startswith("failed  top")


def test_nothing_is_cut_off_in_a_narrow_terminal() -> None:
    text = seen(show.table(("name", "says"), [("a-long-name", "a sentence of several words")]), 20)
    assert sorted("".join(text.split())) == sorted("namesaysa-long-nameasentenceofseveralwords")
    assert all(len(line) <= 20 for line in text.splitlines())
