"""What a host and its worker say to each other arrives as it was said."""

import pytest

from osiris.model import errors
from osiris.model.errors import OsirisError, SourceError, StepFailed, Unexpected
from osiris.model.events import Warned
from osiris.remote.wire import Hello, Limits, Said, Wrong, build, line, message, packed, unpacked

PLAIN = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, OsirisError) and kind not in {StepFailed, errors.OmlError}
]


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.__name__)
def test_an_error_arrives_as_it_was(kind: type[OsirisError]) -> None:
    sent = kind("what", where="where", why="why", hint="hint")
    found = unpacked(packed(sent))
    assert type(found) is kind
    assert (found.to_dict(), found.exit_code) == (sent.to_dict(), sent.exit_code)


def test_a_failed_step_arrives_with_its_reason() -> None:
    sent = StepFailed("read", SourceError("no such file", hint="look"))
    found = unpacked(packed(sent))
    assert isinstance(found, StepFailed)
    assert isinstance(found.cause, SourceError)
    assert found.to_dict() == sent.to_dict()


def test_an_error_that_only_a_connector_knows_keeps_its_code() -> None:
    sent = Wrong(code="OSR-TST-001", message="odd", exit_code=7, retriable=True)
    found = unpacked(sent)
    assert isinstance(found, Unexpected)
    assert (found.code, found.exit_code, found.retriable, found.message) == ("OSR-TST-001", 7, True, "odd")


def test_a_message_arrives_as_it_was() -> None:
    sent = Said(seq=3, event=Warned(message="Plzeň\nand more"))
    text = line(sent.model_dump(mode="json")).decode()
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert message(text) == sent


@pytest.mark.parametrize("noise", ["", "Welcome to the machine", '{"other": 1}'])
def test_what_is_no_message_is_nobody_s(noise: str) -> None:
    assert message(noise) is None


def test_a_message_that_can_t_be_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="can't be understood"):
        message('{"seq":1,"kind":"hello"}')


def test_the_same_files_are_the_same_build() -> None:
    assert build() == build()
    assert Hello(version="1", build=build()).build == build()


@pytest.mark.parametrize("wrong", [{"memory_mb": 0}, {"seconds": -1}, {"file_mb": 0}, {"cpu": 1}])
def test_a_limit_is_more_than_nothing(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Limits.model_validate(wrong)
