"""Broken input of each kind gives one clear error, its exit code, and leaves everything as it was."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.keyboard import Done, left_in, started, typed
from tests.unit.app.projects import make

READS = """\
oml_version: "0.1.0"
name: reads
steps:
  - id: read
    component: filesystem.csv_extractor
    mode: read
    config: {path: data/in.csv%s}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: output/out.csv}}
"""


def broken(folder: Path, oml: str | bytes, *words: str) -> Done:
    """Run a pipeline in a project that has written before, and see that nothing changes."""
    (make(folder) / "output").mkdir()
    (folder / "output" / "out.csv").write_text("before\n", "utf-8")
    text = oml.encode() if isinstance(oml, str) else oml
    (folder / "pipelines" / "broken.yaml").write_bytes(text)
    before = left_in(folder)
    plan = typed(folder, "plan", "pipelines/broken.yaml", "--json")
    yes = ("--approve", plan.document["approval_token"]) if plan.code == 0 else ()
    done = typed(folder, "run", "pipelines/broken.yaml", *yes, *words)
    assert left_in(folder) == before
    assert "Traceback" not in done.out + done.err
    return done


def last_error(done: Done) -> str:
    """Return the error a person reads last, with its reasons."""
    return done.err[done.err.rindex("error: ") :]


@pytest.mark.parametrize(
    ("prepare", "config", "says"),
    [
        (lambda file: None, "", "there is no file 'data/in.csv'"),
        (lambda file: file.touch(), "", "is empty, it has not even a header"),
        (lambda file: file.write_bytes(bytes(range(256)) * 40), "", "is not text"),
        (lambda file: file.mkdir(), "", "is a folder, not a file"),
        (lambda file: file.write_text("a,b\n1,2\n"), ', delimiter: ";"', "is a single field with ',' in it"),
        (lambda file: file.write_text("a,b\n1,x\n"), ", columns: {b: bigint}", "b"),
        (lambda file: file.write_text("a,b\n1\n"), "", "data/in.csv"),
        (lambda file: file.write_bytes(b"a,b\n1,\xff\n"), "", "data/in.csv"),
    ],
    ids=["no file", "empty", "binary", "a directory", "wrong delimiter", "wrong value", "short row", "not UTF-8"],
)
def test_a_source_that_cannot_be_read(tmp_path: Path, prepare: Callable[[Path], None], config: str, says: str) -> None:
    (tmp_path / "data").mkdir()
    prepare(tmp_path / "data" / "in.csv")
    done = broken(tmp_path, READS % config)
    assert done.code == 1
    assert "step 'read' failed" in last_error(done)
    assert says in last_error(done)
    assert "  next  " in last_error(done)
    assert "[OSR-OUT-010]" in done.err
    assert done.out.startswith("failed  reads: 0 rows written")


@pytest.mark.parametrize("forbidden", ["data/in.csv", "output"])
def test_no_permission(tmp_path: Path, forbidden: str) -> None:
    make(tmp_path)
    (tmp_path / "output").mkdir()
    (tmp_path / "data" / "in.csv").write_text("a\n1\n", "utf-8")
    (tmp_path / "pipelines" / "reads.yaml").write_text(READS % "", "utf-8")
    (tmp_path / forbidden).chmod(0 if forbidden.endswith("csv") else 0o500)
    done = started(tmp_path, "run", "pipelines/reads.yaml", privileged=False)
    (tmp_path / forbidden).chmod(0o700)
    assert done.code == 1, done.err
    assert "this user may not" in last_error(done)
    assert "  next  " in last_error(done)
    assert list((tmp_path / "output").iterdir()) == []


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    (make(tmp_path) / "data" / "in.csv").write_text("a,b")
    (tmp_path / "pipelines" / "reads.yaml").write_text(READS % "", "utf-8")
    done = typed(tmp_path, "run", "pipelines/reads.yaml")
    assert done.code == 0, done.err
    assert (tmp_path / "output" / "out.csv").read_text("utf-8") == "a,b\n"


STEP = 'oml_version: "0.1.0"\nname: x\nsteps:\n'
WRONG: dict[str, tuple[str | bytes, str]] = {
    "cycle": (
        STEP
        + "  - {id: a, component: duckdb.processor, mode: transform, needs: [b], config: {query: SELECT 1 AS x}}\n"
        + "  - {id: b, component: duckdb.processor, mode: transform, needs: [a], config: {query: SELECT 1 AS x}}\n",
        "4:59: error: steps wait for one another: 'a' needs 'b' needs 'a'",
    ),
    "unknown component": (
        STEP + "  - {id: a, component: filesystem.csv_extracter, mode: read, config: {path: x}}\n",
        "error: there is no component 'filesystem.csv_extracter'",
    ),
    "unknown config key": (READS % ", delimitr: x", "7:33: error: filesystem.csv_extractor has no setting 'delimitr'"),
    "wrong type": (READS % ", delimiter: [1]", "7:33: error: `delimiter` must be text"),
    "duplicate id": ((READS % "").replace("id: write", "id: read"), "error: "),
    "YAML bomb": (
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
        "error: the aliases stand for too much",
    ),
    "5 MB": (b"x" * 5_000_001, "1:1: error: the file has more than 5,000,000 bytes"),
    "non-UTF-8": (b'oml_version: "0.1.0"\nname: \xff\n', "2:7: error: the file is not UTF-8 text"),
    "empty": ("", "error: the file is empty"),
    "binary": (bytes(range(256)), "error: "),
    "not YAML": ("steps: [\n", "error: "),
    "a list": ("- 1\n", "error: "),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_pipeline_that_is_wrong_as_written(tmp_path: Path, kind: str) -> None:
    oml, says = WRONG[kind]
    done = broken(tmp_path, oml)
    assert done.code == 3
    assert done.out == ""
    assert says in done.err
    assert "pipelines/broken.yaml:" in done.err
    assert last_error(done).startswith("error: the pipeline has ")
    assert "[OSR-AUT-001]" in last_error(done)


def test_a_program_gets_every_finding_with_its_place(tmp_path: Path) -> None:
    done = broken(tmp_path, READS % ", delimitr: x", "--json")
    assert (done.code, done.document["exit_code"], done.err) == (3, 3, "")
    (finding,) = done.document["error"]["diagnostics"]
    assert (finding["line"], finding["column"], finding["step_id"]) == (7, 33, "read")
    assert finding["nearest"][0] == "delimiter"
    assert finding["hint"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("run", "nowhere.yaml"), 2, "there is no file 'nowhere.yaml'"),
        (("run", "pipelines"), 2, "'pipelines' is a folder"),
        (("run",), 2, "no pipeline was named"),
        (("run", "--last-compile"), 2, "nothing has been compiled here yet"),
        (("plan", "pipelines/cities.yaml", "--param", "lest=1"), 3, "lest"),
        (("plan", "pipelines/cities.yaml", "--param", "least=few"), 3, "least"),
        (("plan", "pipelines/cities.yaml", "--profile", "none"), 3, "none"),
        (("components", "show", "duckdb.procesor"), 2, "there is no component 'duckdb.procesor'"),
        (("connections", "doctor", "@duckdb.crm"), 2, "there is no connection @duckdb.crm"),
        (("connections", "doctor"), 5, ""),
        (("logs", "show"), 2, ""),
        (("logs", "aiop", "--session", "x", "--last"), 2, "leave one of them out"),
    ],
)
def test_a_command_that_asks_for_what_is_not_there(
    tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    done = typed(make(tmp_path), *words)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("osiris.yaml", "llm: {modle: x}\n", "there is no setting 'llm.modle'"),
        ("osiris.yaml", "llm: [\n", "osiris.yaml, line "),
        ("osiris_connections.yaml", "duckdb: 3\n", "'duckdb' must hold named connections"),
        (".env", b"A=\xff\n", "cannot read .env"),
    ],
)
def test_a_project_that_is_wrong(tmp_path: Path, name: str, content: str | bytes, says: str) -> None:
    (make(tmp_path) / name).write_bytes(content.encode() if isinstance(content, str) else content)
    done = typed(tmp_path, "validate")
    assert done.code == 2
    assert says in done.err
    assert "[OSR-OPR-010]" in done.err
