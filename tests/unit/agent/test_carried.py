import json

import pytest

from osiris.agent.carried import KINDS, carried
from osiris.agent.talk import Call, Said, Talk

BEGUN = Talk("brief", (Said("user", "which orders?"),))


def after(tool: str, answer: object, *, mark: str = "") -> tuple[str, ...]:
    """Return what a conversation carries once a tool has answered, besides prompts and words."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    text = f"<data {mark}>\n{text}\n</data {mark}>" if mark else text
    talk = BEGUN.plus(Said("agent", "", (Call("c1", tool),)), Said("desk", text, answers="c1"))
    found = carried(talk)
    assert found[:2] == ("prompts", "words")
    return found[2:]


def test_what_osiris_and_the_person_say_always_goes_out() -> None:
    assert carried(Talk("brief")) == ("prompts",)
    assert carried(BEGUN) == ("prompts", "words")


@pytest.mark.parametrize("mark", ["", "ab12cd34ef56"])  # pragma: allowlist secret
@pytest.mark.parametrize(
    ("tool", "answer", "kinds"),
    [
        ("overview", {"connections": []}, ("names",)),
        ("describe_tables", {"tables": []}, ("names",)),
        ("describe_tables", {"tables": [], "joins": [{"because": "names; 50% of 2 values"}]}, ("names", "statistics")),
        ("describe_tables", {"cut": True, "text": "…"}, ("names", "statistics")),
        ("profile_columns", {"columns": {"a": {"nulls": 0}}}, ("statistics",)),
        ("profile_columns", {"columns": {"a": {"values": ["x"]}}}, ("statistics", "top values")),
        ("query_sample", {"columns": {"a": {"nulls": 0}, "b": "text"}}, ("statistics",)),
        ("query_sample", {"columns": {"a": {"values": ["Xxx-99", None]}}}, ("statistics", "shapes")),
        ("query_sample", {"columns": {"a": {"values": ["Ada"]}}}, ("statistics", "values")),
        ("query_sample", {"cut": True, "text": "…"}, ("statistics", "values")),
        ("profile_columns", {"cut": True, "text": "…"}, ("statistics", "top values")),
        ("read_result", {"cut": True, "text": "…"}, ("values", "pipelines")),
        ("overview", {"cut": True, "text": "…"}, ("names",)),
        ("write_pipeline", {"valid": True}, ("pipelines",)),
        ("explain_run", {"happened": []}, ("runs",)),
        ("explain_run", "no JSON", ("runs",)),
        ("explain_run", "[]", ("runs",)),
    ],
)
def test_a_tool_takes_out_what_its_answer_holds(tool: str, answer: object, kinds: tuple[str, ...], mark: str) -> None:
    assert after(tool, answer, mark=mark) == kinds


def test_kinds_are_said_in_the_order_of_how_much_they_give_away() -> None:
    assert KINDS.index("names") < KINDS.index("statistics") < KINDS.index("top values") < KINDS.index("values")
