"""A type that can't be kept whole is told, and has to be allowed."""

import pytest
from tests.unit.compiler.toys import compiled

from osiris.compiler.compile import Compiled
from osiris.kit.registry import Registry
from osiris.model.diagnostics import Severity

REGISTRY = Registry.installed()


def compile_it(version: str, more: str = "", query: str = "SELECT 1::UBIGINT AS n, 'x' AS t") -> Compiled:
    text = f"""\
oml_version: "{version}"
name: losses
steps:
  - {{id: make, component: duckdb.processor, mode: transform, config: {{query: "{query}"}}}}
  - id: write
    component: sqlite.writer
    mode: write
    {more}
    config: {{connection: "@sqlite.out", table: t}}
"""
    return compiled(text, registry=REGISTRY, aliases={"sqlite": ("out",)})


def found(result: Compiled) -> list[tuple[str, Severity, int]]:
    return [(one.code, one.severity, one.line) for one in result.diagnostics]


def test_the_first_version_warns_and_keeps_the_warning_in_the_manifest() -> None:
    result = compile_it("0.1.0")
    assert found(result) == [("OSR-TYP-002", Severity.WARNING, 5)]
    assert result.manifest is not None
    assert [note.code for note in result.manifest.notes] == ["OSR-TYP-002"]
    assert [(lost.column, lost.target, lost.loss) for lost in result.manifest.step("write").losses] == [
        ("n", "INTEGER", "lossy")
    ]


def test_the_second_version_refuses_and_says_what_to_write() -> None:
    result = compile_it("0.2.0")
    assert found(result) == [("OSR-TYP-002", Severity.ERROR, 5)]
    assert "allow_lossy: [n]" in result.diagnostics[0].hint
    assert result.manifest is None


@pytest.mark.parametrize("name", ["n", "N"])
def test_what_is_allowed_is_no_finding_and_stays_in_the_manifest(name: str) -> None:
    result = compile_it("0.2.0", f"allow_lossy: [{name}]")
    assert found(result) == []
    assert result.manifest is not None
    assert [lost.column for lost in result.manifest.step("write").losses] == ["n"]
    assert result.pipeline is not None
    assert result.pipeline.steps[1].allow_lossy == (name,)


def test_what_loses_nothing_need_not_be_allowed() -> None:
    assert found(compile_it("0.2.0", "allow_lossy: [n, t]")) == [("OSR-TYP-004", Severity.WARNING, 8)]


def test_a_column_that_is_not_there_can_not_be_allowed() -> None:
    result = compile_it("0.2.0", "allow_lossy: [n, nn]")
    assert found(result) == [("OSR-TYP-003", Severity.ERROR, 8)]
    assert result.diagnostics[0].nearest == ("n",)


def test_the_first_version_does_not_know_the_word() -> None:
    codes = [code for code, _, _ in found(compile_it("0.1.0", "allow_lossy: [n]"))]
    assert codes == ["OSR-OML-009"]


@pytest.mark.parametrize("written", ["n", "{n: true}", "[1]"])
def test_it_must_be_a_list_of_names(written: str) -> None:
    assert "OSR-OML-025" in [code for code, _, _ in found(compile_it("0.2.0", f"allow_lossy: {written}"))]


@pytest.mark.parametrize(
    ("expression", "lossy"),
    [
        ("1::DECIMAL(15, 2)", False),
        ("1::DECIMAL(16, 2)", True),
        ("1::DECIMAL(18, 0)", False),
        ("1::DECIMAL(19, 0)", True),
        ("now()::TIMESTAMP_NS", True),
        ("now()::TIMESTAMP", False),
        ("now()", False),
        ("1::BIGINT", False),
        ("1::TINYINT", False),
    ],
)
def test_sqlite_says_which_types_it_can_not_keep_whole(expression: str, lossy: bool) -> None:
    result = compile_it("0.2.0", query=f"SELECT {expression} AS c")
    assert [code for code, _, _ in found(result)] == (["OSR-TYP-002"] if lossy else [])


def test_a_parameter_without_a_value_is_told_once() -> None:
    text = """\
oml_version: "0.1.0"
name: open
params: {since: {type: date}}
steps:
  - id: read
    component: sqlite.extractor
    mode: read
    config: {connection: "@sqlite.out", query: "SELECT * FROM t WHERE day > ${params.since}"}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}
"""
    result = compiled(text, registry=REGISTRY, aliases={"sqlite": ("out",)})
    assert [code for code, _, _ in found(result)] == ["OSR-PAR-005"]
