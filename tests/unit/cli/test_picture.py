"""The graph of a plan in a terminal."""

import pytest

from osiris.cli.picture import picture
from osiris.model.plan import Plan, PlannedStep


def plan(text: str) -> Plan:
    """Return a plan of steps such as `a; b; join< a b; write< join`; one with a `!` before it is waited for."""
    steps = []
    for part in text.split(";"):
        name, _, before = (word.strip() for word in part.partition("<"))
        mode = "read" if not before else "write" if name.startswith("w") else "transform"
        taken = [one for one in before.split() if not one.startswith("!")]
        waits = [one[1:] for one in before.split() if one.startswith("!")]
        steps.append(PlannedStep(step_id=name, component="toy.x", mode=mode, takes=tuple(taken), waits=tuple(waits)))
    return Plan(pipeline="p", manifest_hash="", envelope="", steps=tuple(steps), writes=())


def drawn(text: str) -> list[str]:
    return [f"{line.drawn} {line.step.step_id if line.step else ''}".rstrip() for line in picture(plan(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; c< a; w< c", ["○ a", "● c", "◆ w"]),
        ("a; w< a; b; wb< b", ["○ a", "◆ w", "○ b", "◆ wb"]),
        ("a; b; c< a b; w< c", ["○   a", "│ ○ b", "├─╯", "●   c", "◆   w"]),
        ("a; x< a; y< a; j< x y; w< j", ["○   a", "├─╮", "│ ● x", "● │ y", "├─╯", "●   j", "◆   w"]),
        (
            "a; b; c; j< a c; k< b j; w< k",
            ["○     a", "│ ○   b", "│ │ ○ c", "├─┼─╯", "● │   j", "├─╯", "●     k", "◆     w"],
        ),
        ("a; w1< a; b< !w1; w2< b", ["○ a", "◆ w1", "● b", "◆ w2"]),
    ],
)
def test_rows_flow_downwards_come_together_and_part(text: str, expected: list[str]) -> None:
    assert drawn(text) == expected


def test_every_line_is_as_wide_as_the_widest() -> None:
    assert {len(line.drawn) for line in picture(plan("a; b; c; d; j< a b c d; w< j"))} == {7}


def test_a_plan_without_steps_has_no_picture() -> None:
    assert picture(Plan(pipeline="p", manifest_hash="", envelope="", steps=(), writes=())) == []
