"""What assistants are told is there: every file, every link, every command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.house.tree import ROOT, text

OSIRIS = Path(sys.executable).with_name("osiris")
FILES = ("llms.txt", "llms-cli.txt", "llms-drivers.txt", "llms-testing.txt", "docs/llms.txt")


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_an_assistant_is_sent_to_is_there(name: str) -> None:
    page, here = text(name), (ROOT / name).parent
    links = re.findall(r"\]\(([^)#]+)\)", page)
    paths = re.findall(r"(?<![\w/.`])(?:src|tests|docs)/[\w/.-]*[\w/]", page)
    assert [link for link in links if not (here / link).exists()] == []
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert links or paths


@pytest.mark.parametrize("name", FILES)
def test_every_command_that_an_assistant_is_told_is_there(name: str) -> None:
    for command in re.findall(r"`(osiris [a-z][^`]*)`", text(name)):
        words = command.split()[1:]
        path = [word for word in words if re.fullmatch(r"[a-z]+", word)]
        said = subprocess.run([OSIRIS, *path, "--help"], capture_output=True, text=True, check=False)
        assert said.returncode == 0, command
        assert [word for word in words if word.startswith("--") and word not in said.stdout] == [], command
