"""The person at a terminal answers what they are asked, and nobody answers for them."""

from io import StringIO

import pytest
from rich.console import Console

from osiris.agent.outline import Outline
from osiris.agent.request import Request
from osiris.agent.tools import Question
from osiris.app.catalogue import Rows
from osiris.app.rehearsal import Rehearsed, RehearsedStep
from osiris.cli.options import Options
from osiris.cli.person import AtTerminal, takes_nothing_away
from osiris.cli.terminal import Terminal
from osiris.model.plan import Plan, PlannedWrite

QUESTION = Question(
    question="Do cancelled orders count?", why="the sums", options=("leave them out", "count them"), default="no"
)


def at(typed: str = "", *, person: bool = True, quiet: bool = False, yes: bool = False) -> AtTerminal:
    out, err = (Console(file=StringIO(), width=100, highlight=False, markup=False) for _ in range(2))
    return AtTerminal(Terminal(Options(quiet=quiet), out, err, person, StringIO(typed)), yes=yes)


def seen(person: AtTerminal) -> str:
    assert isinstance(person.terminal.err.file, StringIO)
    return person.terminal.err.file.getvalue()


def plan(destructive: str = "") -> Plan:
    write = PlannedWrite(step_id="write", target="output/x.csv", write_mode="replace", destructive=destructive)
    return Plan(pipeline="top", manifest_hash="a" * 64, envelope="b" * 64, steps=(), writes=(write,))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("2\n", "count them"),
        ("leave\n", "leave them out"),
        ("COUNT\n", "count them"),
        ("\n", ""),
        ("3\n", "3"),
        ("only those of this year\n", "only those of this year"),
        ("", ""),
    ],
)
def test_an_answer_is_a_number_the_start_of_an_option_or_words_of_ones_own(typed: str, answer: str) -> None:
    person = at(typed)
    assert person.ask((QUESTION,)) == (answer,)
    assert "Do cancelled orders count?\n  the sums\n  1  leave them out\n  2  count them\n" in seen(person)


def test_whoever_wants_quiet_still_sees_what_they_are_asked() -> None:
    person = at("1\ny\n", quiet=True)
    assert person.ask((QUESTION,)) == ("leave them out",)
    assert person.approve(Request(plan(), "name: top\n")) is True
    assert "Do cancelled orders count?" in seen(person)
    assert "plan of top" in seen(person)


@pytest.mark.parametrize("how", [{"yes": True}, {"person": False}])
def test_where_nobody_is_asked_the_default_is_assumed_and_said(how: dict[str, bool]) -> None:
    person = at("2\n", **how)
    assert person.ask((QUESTION,)) == ("",)
    assert "assumed: no" in seen(person)


@pytest.mark.parametrize(
    ("typed", "agreed"), [("y\n", True), ("yes\n", True), ("\n", False), ("no\n", False), ("", False)]
)
def test_a_plan_is_shown_with_its_text_and_agreed_to_by_yes_only(typed: str, agreed: bool) -> None:
    person = at(typed)
    assert person.approve(Request(plan(), "name: top\n")) is agreed
    assert person.refused is not agreed
    shown = seen(person)
    assert shown.index("name: top") < shown.index("plan of top") < shown.index("Run exactly this?")


def test_yes_beforehand_holds_for_what_a_policy_allows() -> None:
    assert at(yes=True, person=False).approve(Request(plan(), "")) is False
    assert at(yes=True, person=False).approve(Request(plan(), "", policy="Ada, until 2099-12-31")) is True
    assert at("y\n", yes=True).approve(Request(plan(), "")) is True
    recorded = at(yes=True, person=False)
    recorded.lets = takes_nothing_away
    assert recorded.approve(Request(plan(), "")) is True
    assert recorded.approve(Request(plan("output/x.csv exists"), "")) is False


def test_a_policy_lets_a_run_begin_where_nobody_is_and_asks_who_is_there() -> None:
    by_policy = Request(plan(), "", policy="Ada, until 2099-12-31")
    assert at(person=False).approve(by_policy) is True
    assert at("n\n").approve(by_policy) is False


def test_who_wants_no_questions_loses_nothing_whatever_a_policy_says() -> None:
    timid = at(yes=True, person=False)
    timid.timid = True
    assert timid.approve(Request(plan("output/x.csv exists"), "", policy="Ada, until 2099-12-31")) is False


def test_what_is_going_to_be_built_is_shown_and_corrected() -> None:
    outline = Outline(sources=("@duckdb.shop/orders",), grain="one row an order", destination="o.csv", write_mode="add")
    person = at("only paid ones\n")
    assert person.correct(outline) == "only paid ones"
    assert "one row an order" in seen(person)
    assert at("\n", person=False).correct(outline) == ""
    assert at("only paid ones\n", yes=True).correct(outline) == ""


def test_a_request_is_shown_with_what_was_assumed_what_changed_and_the_first_rows() -> None:
    rows = Rows(columns=("city",), types=("string",), rows=(("Brno",),))
    step = RehearsedStep(step_id="write", rows=1, smells=("would write one row",))
    tried = Rehearsed(pipeline="top", manifest_hash="a" * 64, whole=False, steps=(step,), previews={"write": rows})
    person = at("y\n")
    assumptions = ("Do cancelled orders count? no",)
    person.approve(Request(plan(), "name: top\n", assumptions, before="name: old\n", rehearsed=tried))
    for shown in ("Do cancelled orders count? no", "-name: old", "+name: top", "Brno", "! write: would write one row"):
        assert shown in seen(person), shown


def test_where_nobody_is_nothing_is_agreed_to() -> None:
    person = at("y\n", person=False)
    assert person.approve(Request(plan(), "")) is False
    assert person.permit("Replace it?") is False


def test_something_smaller_is_permitted_by_a_person() -> None:
    assert at("y\n").permit("Replace it?") is True
    assert at("\n").permit("Replace it?") is False
    assert at("y\n", yes=True).permit("Replace it?") is False


def test_what_moves_on_the_screen_rests_before_a_question() -> None:
    rested: list[str] = []
    person = at("y\n\n\n")
    person.quiet = lambda: rested.append("rest")
    person.permit("Replace it?")
    person.ask((QUESTION,))
    person.approve(Request(plan(), ""))
    assert len(rested) == 3


def test_who_is_asked_about_a_file_sees_what_would_change_in_it() -> None:
    person = at("y\n")
    assert person.permit("@@ -1 +1 @@\n-name: old\n+name: new\ntop.yaml is there already. Replace it?") is True
    assert seen(person).endswith(
        "  @@ -1 +1 @@\n  -name: old\n  +name: new\ntop.yaml is there already. Replace it? [y/N] "
    )
