"""What every command understands may stand anywhere on the line."""

import pytest

from osiris.cli.options import Options, take


@pytest.mark.parametrize(
    "line",
    [
        ["--json", "-C", "shop", "--profile", "dev", "-q", "run", "x.yaml"],
        ["run", "x.yaml", "--json", "-C", "shop", "--profile=dev", "--quiet"],
        ["run", "--profile", "dev", "x.yaml", "-q", "--json", "-C", "shop"],
    ],
)
def test_they_stand_before_between_and_behind(line: list[str]) -> None:
    assert take(line) == (Options(folder="shop", profile="dev", as_json=True, quiet=True), ["run", "x.yaml"])


def test_words_after_two_dashes_are_the_commands_own() -> None:
    assert take(["run", "-v", "--", "--json", "-C"]) == (Options(verbose=True), ["run", "--", "--json", "-C"])


def test_one_that_lacks_its_value_is_left_for_the_command_to_complain_of() -> None:
    assert take(["run", "-C"]) == (Options(), ["run", "-C"])


def test_an_empty_value_is_a_value() -> None:
    assert take(["--profile=", "run"]) == (Options(), ["run"])


def test_nothing_is_said_unless_it_is() -> None:
    assert take([]) == (Options(color=True), [])
    assert take(["--no-color"])[0].color is False
