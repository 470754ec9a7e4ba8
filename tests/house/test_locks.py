"""The locks hold what `pyproject.toml` asks for: pins and hashes, and no address."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.house.tree import ROOT, text

RUN, DEV = "requirements.lock", "requirements-dev.lock"
PROJECT: dict[str, Any] = tomllib.loads(text("pyproject.toml"))
_PIN = re.compile(r"(?m)^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>\S+)(?P<rest>(?:.*\\\n)+.*)")


def pins(lock: str) -> dict[str, str]:
    """Return what a lock pins, name to version."""
    return {found["name"]: found["version"] for found in _PIN.finditer(text(lock))}


def asked(*, everything: bool) -> list[Requirement]:
    """Return what the project names: what it needs to be built and run, or everything."""
    groups = PROJECT["dependency-groups"]
    named = [*PROJECT["project"]["dependencies"], *groups["build"]]
    if everything:
        extras = PROJECT["project"]["optional-dependencies"]
        named += [*groups["dev"], *(line for name, extra in extras.items() if name != "all" for line in extra)]
    return [Requirement(line) for line in named]


@pytest.mark.parametrize(("lock", "everything"), [(RUN, False), (DEV, True)])
def test_a_lock_pins_everything_that_is_asked_for(lock: str, everything: bool) -> None:
    pinned = pins(lock)
    for requirement in asked(everything=everything):
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"`make lock`: {lock} has no {name}"
        assert requirement.specifier.contains(pinned[name], prereleases=True), f"`make lock`: {requirement}"


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_every_line_of_a_lock_is_a_pin_a_hash_or_a_reason(lock: str) -> None:
    allowed = re.compile(r"[a-z0-9][a-z0-9-]*==\S+( ; .*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    #.*")
    assert [line for line in text(lock).splitlines() if not allowed.fullmatch(line)] == []


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_every_pin_has_a_hash(lock: str) -> None:
    found = list(_PIN.finditer(text(lock)))
    assert [pin["name"] for pin in found if "--hash=sha256:" not in pin["rest"]] == []
    assert len(found) == text(lock).count("==") - text(lock).count(" == '")


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_a_lock_names_no_address(lock: str) -> None:
    assert re.search(r"://|--(extra-)?index-url|--find-links|file:", text(lock)) is None


def test_both_locks_agree() -> None:
    assert pins(RUN).items() <= pins(DEV).items()


def test_the_lock_can_build_the_project() -> None:
    assert PROJECT["dependency-groups"]["build"] == PROJECT["build-system"]["requires"]


def test_every_dependency_has_its_reason_in_a_decision() -> None:
    decisions = "".join(page.read_text("utf-8") for page in (ROOT / "docs" / "adr").glob("*.md"))
    assert [r.name for r in asked(everything=True) if f"`{r.name}`" not in decisions] == []


def test_the_extra_all_is_all_extras() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    (whole,) = map(Requirement, extras["all"])
    assert (whole.name, whole.extras) == (PROJECT["project"]["name"], set(extras) - {"all"})
