"""What the pages show, works: each command is run, each file is written, each target and link is there."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.docs.snippets import SHELL, Block, blocks, pages
from tests.house.tree import ROOT, text

OSIRIS = Path(sys.executable).with_name("osiris")
PAGES = [page.relative_to(ROOT).as_posix() for page in pages(ROOT)]
EVERY_PAGE = sorted({*PAGES, *(page.name for page in ROOT.glob("*.md"))})
# What a page may tell a person to type that a test can't: it changes the machine, or needs one.
OTHERS = (".", "apt-get", "cp", "export", "git", "pip", "python3")


# Words of a command's name; others have one.
DEPTHS = {"chat": 2, "components": 2, "connections": 2, "e2b": 3, "logs": 2}


@dataclass
class Reader:
    """Somebody who does what a page says, from top to bottom.

    Attributes:
        cwd: Where they stand.
        home: A folder of their own, with nothing in it.
    """

    cwd: Path
    home: Path

    def follow(self, block: Block) -> None:
        """Do what one block asks."""
        if title := block.words.get("title"):
            (self.cwd / title).parent.mkdir(parents=True, exist_ok=True)
            (self.cwd / title).write_text(block.text, "utf-8")
        elif result := block.words.get("result"):
            assert (self.cwd / result).read_text("utf-8") == block.text, f"line {block.line}: {result}"
        elif block.language in SHELL:
            self._type(block)

    def _type(self, block: Block) -> None:
        commands = block.commands()
        for number, command in enumerate(commands, start=1):
            expected = block.exit_code if number == len(commands) else 0
            match command:
                case ["osiris", *rest] if "not-run" in block.words:
                    self._look_up(rest)
                case ["osiris", *rest]:
                    done = self._osiris(*rest)
                    assert done.returncode == expected, f"line {block.line}: {command}\n{done.stdout}\n{done.stderr}"
                case ["cd", folder]:
                    self.cwd /= folder
                case ["make", target, *_]:
                    assert target in targets(), f"line {block.line}: there is no target {target}"
                case [name, *_]:
                    assert name in OTHERS, f"line {block.line}: nobody checks {name!r}"

    def _look_up(self, words: list[str]) -> None:
        """Find the command and its options in the help."""
        path = [word for word in words[: DEPTHS.get(words[0], 1)] if word.isalnum()]
        said = self._osiris(*path, "--help")
        assert said.returncode == 0, said.stderr
        missing = [word for word in words if word.startswith("-") and word.partition("=")[0] not in said.stdout]
        assert missing == [], f"`osiris {' '.join(path)} --help` does not name {missing}"

    def _osiris(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            "LANG": "C.UTF-8",
        }
        return subprocess.run(
            [OSIRIS, *words],
            cwd=self.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    return Reader(cwd=tmp_path / "work", home=tmp_path / "home")


def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"(?m)^([a-z][a-z-]*):", text("Makefile")))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any(b.language in SHELL for b in blocks(text(page)))])
def test_who_does_what_a_page_says_gets_what_it_shows(page: str, reader: Reader) -> None:
    for block in blocks(text(page)):
        reader.follow(block)


@pytest.mark.parametrize("page", PAGES)
def test_every_document_in_a_page_can_be_read(page: str) -> None:
    for block in blocks(text(page)):
        match block.language:
            case "yaml":
                yaml.safe_load(block.text)
            case "json":
                json.loads(block.text)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    known = {*SHELL, "csv", "json", "markdown", "python", "sql", "text", "yaml"}
    assert [f"line {b.line}: {b.language!r}" for b in blocks(text(page)) if b.language not in known] == []


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_target_that_a_page_names_is_there(page: str) -> None:
    named = set(re.findall(r"(?m)(?:`|^    |^|\$ )make ([a-z][a-z-]*)", text(page)))
    assert named - targets() == set()


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(page))
    here = (ROOT / page).parent
    assert [link for link in links if "://" not in link and not (here / link).exists()] == []
