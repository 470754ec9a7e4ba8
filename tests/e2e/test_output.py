"""Results on standard output, everything else on standard error, one document for a program."""

from pathlib import Path

import pytest
from tests.e2e.keyboard import started, typed
from tests.unit.app.projects import with_shop

PIPELINE = "pipelines/cities.yaml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in which something has run."""
    folder = with_shop(tmp_path_factory.mktemp("shop"))
    assert typed(folder, "run", PIPELINE).code == 0
    return folder


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("init", "new"), {"folder", "created", "kept"}),
        (("init", "--stdout"), {"file", "content"}),
        (("validate",), {"settings", "connections", "faults", "pipelines", "exit_code"}),
        (("compile", PIPELINE), {"name", "manifest_hash", "folder", "manifest", "steps", "diagnostics"}),
        (("plan", PIPELINE), {"steps", "writes", "approval_token", "destructive", "params"}),
        (("run", PIPELINE, "--dry-run"), {"steps", "writes", "approval_token"}),
        (("run", PIPELINE), {"run_id", "status", "receipts", "total_rows", "session", "aiop"}),
        (("components", "list"), {"components"}),
        (("components", "show", "duckdb.processor"), {"name", "config_schema", "examples"}),
        (("connections", "list"), {"connections"}),
        (("connections", "doctor"), {"checks"}),
        (("logs", "list"), {"runs"}),
        (("logs", "show"), {"run", "session", "events"}),
        (("logs", "aiop"), {"@context", "evidence", "semantic", "narrative", "metadata"}),
        (("logs", "aiop", "--format", "md"), {"run_id", "path", "content"}),
        (("run", "nowhere.yaml"), {"error", "exit_code"}),
    ],
)
def test_every_command_has_one_document_for_a_program(shop: Path, words: tuple[str, ...], keys: set[str]) -> None:
    done = typed(shop, *words, "--json")
    assert keys <= set(done.document), done.document.keys()


@pytest.mark.parametrize(
    "words",
    [("components", "list"), ("connections", "list"), ("logs", "list"), ("plan", PIPELINE), ("logs", "show")],
)
def test_a_pipe_gets_plain_lines_that_are_not_cut(shop: Path, words: tuple[str, ...]) -> None:
    done = typed(shop, *words)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "…" not in done.out
    assert all(line == line.rstrip() for line in done.out.splitlines())


def test_a_quiet_run_says_its_result_only(shop: Path) -> None:
    done = typed(shop, "run", PIPELINE, "-q")
    assert done.err == ""
    assert done.out.startswith("completed  cities")


def test_a_talkative_run_says_each_event(shop: Path) -> None:
    done = typed(shop, "run", PIPELINE, "-v")
    assert "write_committed  write" in done.err


def test_the_package_can_be_written_to_a_file(shop: Path) -> None:
    done = typed(shop, "logs", "aiop", "--last", "--format", "md", "--output", "card.md")
    assert done.out == "written to card.md\n"
    assert (shop / "card.md").read_text("utf-8").startswith("# cities completed")


def test_nothing_to_list_is_said_aside(tmp_path: Path) -> None:
    asked = ("logs list", "logs list --status failed", "connections list", "connections doctor")
    for words in map(str.split, asked):
        done = typed(tmp_path, *words)
        assert (done.code, done.out) == (0, "")
        assert done.err


def test_a_project_out_of_order_is_shown_whole(tmp_path: Path) -> None:
    folder = with_shop(tmp_path)
    (folder / "osiris_connections.yaml").write_text("duckdb: {shop: {path: '${NOT_SET}'}}\n", "utf-8")
    (folder / "pipelines" / "bad.yaml").write_text("oml_version: '0.1.0'\nname: bad\nsteps: []\n", "utf-8")
    done = typed(folder, "validate", "-v")
    assert done.code == 2
    assert "@duckdb.shop  failed\n" in done.out
    assert "pipelines/bad.yaml     failed  1 error\n" in done.out
    assert "error: the variable NOT_SET is not set  [OSR-OPR-020]\n  where  @duckdb.shop" in done.out
    assert "paths.build" in done.out
    assert done.out.endswith("the project is not in order\n")


@pytest.mark.slow
def test_a_terminal_that_knows_no_utf8_gets_escapes_and_no_traceback(tmp_path: Path) -> None:
    (with_shop(tmp_path) / "data" / "cities.csv").write_text("città,people\nPlzeň,1\n", "utf-8")
    oml = (tmp_path / PIPELINE).read_text("utf-8").replace("SELECT city", 'SELECT "città"').replace("BY city", "BY 1")
    (tmp_path / PIPELINE).write_text(oml, "utf-8")
    done = started(tmp_path, "plan", PIPELINE, LANG="C", PYTHONIOENCODING="ascii", PYTHONCOERCECLOCALE="0")
    assert done.code == 0, done.err
    assert "citt\\xe0 string" in done.out


def test_each_component_is_shown_in_words(shop: Path) -> None:
    listed = typed(shop, "components", "list", "--json").document["components"]
    assert len(listed) >= 11
    for line in listed:
        shown = typed(shop, "components", "show", line["name"])
        assert shown.code == 0, shown.err
        assert shown.out.startswith(f"{line['name']}: {line['title']}\n")
        assert "\nexample: " in shown.out
        assert "$ref" not in shown.out
        assert "  any  " not in shown.out
