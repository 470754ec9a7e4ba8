"""The Tab key offers what may stand next, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from tests.unit.app.projects import with_shop
from tests.unit.cli.command_tree import FILE, text

from osiris.cli.completing import completed
from osiris.cli.main import main
from osiris.cli.overview import ASKED, COMMANDS

TO_START, TO_END = "\x01", "\x05"  # keys of a shell: the rest of the line is echoed instead of run
OSIRIS = Path(sys.executable).with_name("osiris")


def offers(*words: str) -> list[str]:
    return completed(words).splitlines()[1:]


@pytest.fixture
def project(tmp_path: Path) -> str:
    (with_shop(tmp_path) / "logs" / "20261125T0912-cities-1f2e3d").mkdir(parents=True)
    return str(tmp_path)


def test_what_the_tab_key_goes_by_is_what_the_commands_say() -> None:
    assert FILE.read_text("utf-8") == text(), "write it anew: python -m tests.unit.cli.command_tree"


def test_commands_are_offered_first() -> None:
    assert offers("") == offers() == sorted(COMMANDS)
    assert offers("co") == ["compile", "completion", "components", "connections", "copy"]
    assert offers("logs", "aiop", "s") == ["schema", "show"]
    assert offers("zzz") == []


def test_options_are_those_of_the_command_and_of_all() -> None:
    assert offers("copy", "--") == [
        "--dry-run", "--help", "--json", "--key", "--mode", "--no-color", "--primary-key", "--profile", "--quiet",
        "--save", "--verbose", "--version", "--yes",
    ]  # fmt: skip
    assert offers("run", "--sel") == ["--select"]


def test_a_choice_is_offered_in_both_spellings() -> None:
    assert offers("copy", "--mode", "") == ["append", "replace", "merge"]
    assert offers("copy", "--mode=re") == ["--mode=replace"]
    assert offers("validate", "--mode", "s") == ["strict"]
    assert offers("completion", "z") == ["zsh"]


def test_connections_are_those_of_the_project_that_is_meant(project: str) -> None:
    assert offers("-C", project, "discover", "") == ["@duckdb.shop", "@filesystem.local"]
    assert offers("-C", f"{project}/data", "connections", "doctor", "@d") == ["@duckdb.shop"]
    assert offers("-C", project, "copy", "@d") == ["@duckdb.shop/"]


def test_files_go_on_folder_by_folder(project: str) -> None:
    assert offers("-C", project, "run", "") == ["data/", "logs/", "osiris_connections.yaml", "pipelines/"]
    assert offers("-C", project, "run", "pipelines/") == ["pipelines/cities.yaml"]
    assert offers("-C", project, "copy", "data/c") == ["data/cities.csv"]
    assert offers("-C", project, "copy", "data/c", "nowhere/") == []
    assert offers("-C", f"{project}/d") == [f"{project}/data/"]
    assert completed(("-C", project, "run", "pipelines/")).startswith("files\n")


def test_a_plain_option_takes_nothing_from_what_follows(project: str) -> None:
    assert offers("-C", project, "run", "--dry-run", "pipelines/c") == ["pipelines/cities.yaml"]
    assert offers("run", "--approve", "") == []
    assert offers("compile", "one.yaml", "") == []


def test_runs_families_and_templates_are_offered_by_name(project: str) -> None:
    assert offers("-C", project, "logs", "show", "") == ["last", "20261125T0912-cities-1f2e3d"]
    assert offers("connections", "add", "--family", "sq") == ["sqlite"]
    assert offers("init", "--template", "top") == ["top-report"] == offers("templates", "show", "t")


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", b"- x", b"connections: {duckdb: [a], mysql: }"])
def test_a_file_that_cannot_be_read_offers_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "osiris_connections.yaml").write_bytes(content)
    assert offers("-C", str(tmp_path), "discover", "") == []
    assert offers("-C", str(tmp_path / "nowhere"), "logs", "show", "x") == []


def test_a_name_that_would_mean_something_to_a_shell_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "osiris_connections.yaml").write_text('duckdb: {"$(touch x)": {}, "a\\nb": {}, shop: {}}\n', "utf-8")
    for name in ("$(touch x)", "20261125T0912-cities-1f2e3d"):
        (tmp_path / "logs" / name).mkdir(parents=True)
    assert offers("-C", str(tmp_path), "discover", "") == ["@duckdb.shop"]
    assert offers("-C", str(tmp_path), "logs", "show", "") == ["last", "20261125T0912-cities-1f2e3d"]


def test_a_shell_asks_and_nothing_heavy_is_imported() -> None:
    words = ["import sys; from osiris.cli.main import main; main(sys.argv[1:])", ASKED, "com"]
    code = f"{words[0]}; print(sorted({{'pydantic', 'rich', 'typer', 'pyarrow', 'duckdb'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code, *words[1:]], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["words", "compile", "completion", "components", "[]"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"Completion of osiris for {shell}" in script
    assert f" {ASKED} " in script


# What is typed before the Tab key, and what bash makes of it.
LINES = {
    "osiris comple": "osiris completion ",
    "osiris run pip": "osiris run pipelines/",
    "osiris run pipelines/cities.yaml --dr": "osiris run pipelines/cities.yaml --dry-run ",
    "osiris connections doctor @du": "osiris connections doctor @duckdb.shop ",
    "osiris copy @du": "osiris copy @duckdb.shop/",
    "osiris copy --mode=me": "osiris copy --mode=merge ",
    "osiris run data/two": "osiris run data/two words.yaml ",
}


@pytest.mark.slow
def test_a_real_bash_completes_the_line(project: str) -> None:
    (Path(project) / "data" / "two words.yaml").write_text("", "utf-8")
    environment = {"PATH": f"{OSIRIS.parent}:{os.environ['PATH']}", "HOME": project, "PS1": "$ ", "TERM": "dumb"}
    words = ["--norc", "--noprofile"]
    shell = pexpect.spawn("bash", words, cwd=project, env=environment, encoding="utf-8", timeout=60)
    shell.sendline("bind 'set enable-bracketed-paste off'; source <(osiris completion bash); echo ready''now")
    shell.expect("readynow")
    for typed, line in LINES.items():
        shell.sendline(f"{typed}\t{TO_START}echo [{TO_END}]")
        shell.expect_exact(f"\n[{line}]")
    shell.close(force=True)
