"""`make` is the door: what it says is there, is there."""

import os
import re
import subprocess

from tests.house.tree import ROOT, text

TARGETS = {
    "dev",
    "demo",
    "init",
    "validate",
    "chat",
    "fmt",
    "lint",
    "type-check",
    "security",
    "check",
    "test",
    "test-fast",
    "test-full",
    "bench",
    "clean",
    "pre-commit-install",
    "precommit",
    "pre-commit-run",
    "pre-commit-all",
    "commit-wip",
    "commit-emergency",
}


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `make` in the project, as from a shell of its own."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=outside, capture_output=True, text=True, check=False)


def test_help_lists_each_target_once_with_a_line() -> None:
    listed = [line.split(maxsplit=1) for line in make("help").stdout.splitlines()]
    names = [line[0] for line in listed]
    assert all(len(line) == 2 for line in listed)
    assert len(names) == len(set(names))
    assert set(names) >= TARGETS


def test_make_alone_is_help() -> None:
    assert make().stdout == make("help").stdout


def test_every_target_is_phony() -> None:
    rules = set(re.findall(r"(?m)^([a-z][a-z-]*):", text("Makefile")))
    phony = {name for line in re.findall(r"(?m)^\.PHONY: (.*)$", text("Makefile")) for name in line.split()}
    assert rules == phony


def test_what_runs_osiris_does_so_in_its_own_folder() -> None:
    for target in ("demo", "init", "validate", "chat"):
        assert "cd testing_env && " in make("--dry-run", target).stdout
    assert "testing_env/" in text(".gitignore").splitlines()


def test_demo_asks_nothing_where_nobody_can_answer() -> None:
    assert "osiris demo --yes" in make("--dry-run", "demo").stdout


def test_arguments_are_passed_on() -> None:
    assert "osiris validate --json" in make("--dry-run", "validate", "ARGS=--json").stdout


def test_a_commit_without_words_is_refused() -> None:
    refused = make("commit-emergency", "msg=")
    assert refused.returncode == 2
    assert "say what the commit does" in refused.stderr


def test_the_readme_names_the_two_commands_of_a_fresh_machine() -> None:
    assert "```bash\nmake demo\nmake test\n```" in text("README.md")
