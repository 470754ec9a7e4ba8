"""What may lie in the tree, and what may not."""

import json
import re

import pytest
import yaml
from tests.house.tree import ROOT, files, text

# The root as a path of its own; `/app` is not found in `osiris/app`.
_ROOT = re.compile(rb"(?<![\w.-])" + re.escape(str(ROOT)).encode() + rb"(?![\w-])")


def test_no_file_knows_where_the_checkout_lies() -> None:
    assert [str(file) for file in files() if _ROOT.search(file.read_bytes())] == []


def test_no_secret_is_kept_as_known() -> None:
    assert json.loads(text(".secrets.baseline"))["results"] == {}


def test_the_license_is_apache_2() -> None:
    assert "Apache License\n                           Version 2.0, January 2004" in text("LICENSE")
    assert 'license = "Apache-2.0"' in text("pyproject.toml")


def test_hooks_need_no_network_and_use_the_tools_of_the_house() -> None:
    (repo,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repo["repo"] == "local"
    assert {hook["entry"].split("/")[0] for hook in repo["hooks"]} == {".venv", "scripts"}


def test_the_hooks_that_are_skipped_for_unfinished_work_are_there() -> None:
    (repo,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    skipped = re.search(r"SKIP=(\S+)", text("Makefile"))
    assert skipped
    assert set(skipped[1].split(",")) <= {hook["id"] for hook in repo["hooks"]}


@pytest.mark.parametrize("part", ["Unreleased", "Added"])
def test_the_changelog_has_a_place_for_what_is_new(part: str) -> None:
    assert re.search(rf"(?m)^##+ \[?{part}\]?$", text("CHANGELOG.md"))
