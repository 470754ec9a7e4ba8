"""What the compiler promises as a whole: everything at once, in the right place, the same everywhere, and no secret."""

import os
from pathlib import Path

import pytest
from tests.unit.compiler.toys import CUSTOMERS, HEAD, READ, RIGHT, SHOP, WRITE, compiled, know, oml, table

from osiris.compiler.compile import Given, compile_pipeline
from osiris.compiler.given import nothing_known
from osiris.kit.registry import Registry
from osiris.model.canonical import digest
from osiris.model.catalogue import Catalogue, Known, Table
from osiris.model.diagnostics import Severity
from osiris.model.manifest import ManifestStep

TOKEN = "sk-this-is-not-to-be-seen-anywhere"  # pragma: allowlist secret


def query(text: str, indent: str = "        ") -> str:
    """Return a pipeline whose second step has this query, written as a block."""
    lines = "".join(f"{indent}{line}\n" for line in text.splitlines())
    step = "  - id: sum\n    component: duckdb.processor\n    mode: transform\n    config:\n      query: |\n"
    return f"{HEAD}steps:\n{READ}{step}{lines}{WRITE}"


def test_a_right_pipeline_has_a_manifest_and_nothing_to_say() -> None:
    result = compiled(RIGHT)
    assert result.diagnostics == ()
    assert result.manifest is not None
    assert result.pipeline is not None
    assert [step.id for step in result.pipeline.steps] == [step.id for step in result.manifest.steps]
    assert result.oml_sha256 == digest(RIGHT.encode()) == result.manifest.fingerprints.oml


def test_all_errors_are_told_at_once_in_file_order() -> None:
    text = query("SELECT amuont\nFROM raed").replace("path: orders", "pth: orders").replace("table: out", "tabel: out")
    text = text.replace("name: toy", "name: toy\ntasks: []\nparams: {p: {}}")
    found = compiled(text).diagnostics
    assert [(d.line, d.column) for d in found] == sorted((d.line, d.column) for d in found)
    assert {d.code for d in found} == {"OSR-OML-007", "OSR-PAR-005", "OSR-CFG-001", "OSR-CFG-002"}


@pytest.mark.parametrize("missing", ["id", "component", "mode"])
def test_one_mistake_is_one_error(missing: str) -> None:
    read = {"id": "read", "component": "toy.reader", "mode": "read", "config": {"path": "orders.csv"}}
    write = {"id": "w", "component": "toy.writer", "mode": "write", "config": {"connection": "@toy", "table": "x"}}
    del read[missing]
    assert [d.code for d in compiled(oml(steps=[read, write])).diagnostics] == ["OSR-OML-002"]


def test_a_step_with_an_error_brings_no_others_down_the_line() -> None:
    result = compiled(query("SELECT amuont FROM read").replace("SELECT amuont", "SELECT nothing, amuont"))
    assert [d.code for d in result.diagnostics] == ["OSR-NAM-002", "OSR-NAM-002"]
    assert [d.nearest for d in result.diagnostics] == [(), ("amount",)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the file is empty"),
        (b"# nothing\n", "the file is empty"),
        (b"- a\n- b\n", "a pipeline holds keys with values, such as `name: …`"),
        (b"just text", "a pipeline holds keys with values, such as `name: …`"),
        (b"caf\xe9: 1", "the file is not UTF-8 text"),
        (b" " * 5_000_001, "the file has more than 5,000,000 bytes"),
        (b"a: 1\n---\nb: 2\n", "the file holds several documents"),
    ],
)
def test_what_is_no_pipeline_is_one_clear_error(text: bytes, said: str) -> None:
    result = compiled(text)
    (finding,) = result.diagnostics
    assert (finding.message, finding.severity) == (said, Severity.ERROR)
    assert finding.hint
    assert result.manifest is None
    assert result.pipeline is None


def test_a_bomb_is_one_clear_error() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert [d.code for d in compiled(HEAD + "\n".join(lines)).diagnostics] == ["OSR-YML-007"]


def test_a_name_in_a_block_is_found_in_its_line_and_column() -> None:
    text = query("SELECT id,\n\n    amuont\nFROM read")
    (finding,) = compiled(text).diagnostics
    line = text.splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith("amuont")
    assert (finding.path, finding.step_id) == ("steps[1].config.query", "sum")
    assert finding.nearest == ("amount",)


@pytest.mark.parametrize("value", ["x", "a much longer text than its name", "two\nlines"])
def test_a_parameter_in_a_query_moves_no_place(value: str) -> None:
    sql = "SELECT ${params.p} AS a, ${params.p} AS b -- ${params.p}\n, amuont FROM read WHERE ${params.p} = naem"
    text = query(sql).replace("name: toy\n", "name: toy\nparams: {p: {type: string}}\n")
    found = compiled(text, params={"p": value}).diagnostics
    lines = text.splitlines()
    assert [lines[d.line - 1][d.column - 1 :].split()[0] for d in found] == ["amuont", "naem"]


def test_a_name_in_a_folded_or_quoted_text_is_found_too() -> None:
    for written in (">\n        SELECT id,\n        amuont\n        FROM read\n", '"SELECT id,\\n amuont FROM read"\n'):
        text = query("x").replace("|\n        x\n", written)
        (finding,) = compiled(text).diagnostics
        assert text.splitlines()[finding.line - 1][finding.column - 1 :].startswith("amuont")


def test_what_the_guard_refuses_has_a_place() -> None:
    text = query("SELECT 1;\nDROP TABLE x")
    (finding,) = compiled(text).diagnostics
    assert finding.code == "OSR-SQL-000"
    assert finding.line >= 8


def test_the_same_is_the_same_bytes_wherever_it_is_compiled(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "golden" / "manifests" / "files" / "pipeline.yaml").read_bytes()
    here = compiled(text).manifest
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        there = compiled(text).manifest
    finally:
        os.chdir(before)
    assert here is not None
    assert there is not None
    assert here.to_bytes() == there.to_bytes()
    assert here.hash() == there.hash()


def test_every_fingerprint_covers_what_it_is_of() -> None:
    text = RIGHT.replace("name: toy", "name: toy\nparams: {p: {default: x}}\nprofiles: {a: {params: {p: x}}}")
    usual = compiled(text).manifest
    assert usual is not None

    def changed(**changes: object) -> set[str]:
        other = compiled(changes.pop("text", text), **changes).manifest  # type: ignore[arg-type]
        assert other is not None
        return {n for n, value in other.fingerprints if value != getattr(usual.fingerprints, n)}

    def more(step: ManifestStep) -> Known:
        return Known(survey=table("orders", id="string"))

    assert changed(text=text + "# more\n") == {"oml"}
    assert changed(params={"p": "y"}) == {"params"}
    assert changed(profile="a") == {"profile"}
    assert changed(know=more) == {"catalogue"}
    assert changed(version="2") == {"compiler"}
    assert changed() == set()


def test_tables_that_the_pipeline_does_not_read_do_not_change_it() -> None:
    text = RIGHT.replace("path: orders.csv", 'connection: "@toy.shop", table: orders')

    def grown(step: ManifestStep) -> Known:
        tables = (*SHOP, Table(name="out"))
        return know(step).model_copy(
            update={"catalogue": Catalogue(source="@toy.shop", dialect="sqlite", tables=tables)}
        )

    before, after = compiled(text).manifest, compiled(text, know=grown).manifest
    assert before is not None
    assert after is not None
    assert before.to_bytes() == after.to_bytes()


def test_strict_makes_errors_of_what_is_not_proved_and_of_nothing_else() -> None:
    text = RIGHT.replace("orders.csv", "nowhere.csv").replace("mode: write", "mode: load")
    loose, strict = compiled(text), compiled(text, strict=True)
    assert [d.severity for d in loose.diagnostics] == [Severity.NOTE, Severity.WARNING]
    assert [d.severity for d in strict.diagnostics] == [Severity.ERROR, Severity.WARNING]
    assert loose.manifest is not None
    assert loose.manifest.notes == loose.diagnostics
    assert strict.manifest is None
    assert strict.pipeline is not None


def test_without_anybody_who_knows_nothing_is_proved() -> None:
    result = compiled(RIGHT, know=nothing_known)
    assert [d.code for d in result.diagnostics] == ["OSR-TYP-001"]
    assert "nobody has looked" in result.diagnostics[0].why


def test_what_a_source_answers_to_a_wrong_step_is_an_error() -> None:
    def refusing(step: ManifestStep) -> Known:
        return Known(why="sum() takes numbers, not text", refused=True)

    (finding,) = compiled(RIGHT, know=refusing).diagnostics
    assert (finding.code, finding.message) == ("OSR-AUT-000", "sum() takes numbers, not text")
    assert finding.path == "steps[0].config.path"


def test_a_source_is_asked_once_and_only_for_a_step_that_may_run() -> None:
    asked: list[str] = []

    def asking(step: ManifestStep) -> Known:
        asked.append(step.id)
        return know(step)

    bad = READ.replace("id: read", "id: bad").replace("path: orders.csv", "query: DELETE FROM orders")
    compiled(f"{HEAD}steps:\n{READ}{bad}{WRITE}", know=asking)
    assert asked == ["read"]


SECRETIVE = [
    RIGHT.replace("path: orders.csv", f"path: orders.csv, token: {TOKEN}"),
    RIGHT.replace("path: orders.csv", f"path: {TOKEN}, limit: {TOKEN}"),
    RIGHT.replace("path: orders.csv", f"path: [{TOKEN}]"),
    RIGHT.replace("table: out", f"table: out, write_mode: {TOKEN}"),
    RIGHT.replace("name: toy", f"name: {TOKEN}"),
    RIGHT.replace("id: read", f"id: {TOKEN}"),
    RIGHT.replace("toy.reader", TOKEN),
    RIGHT.replace("mode: read", f"mode: {TOKEN}"),
    RIGHT.replace("@toy.shop", f"@toy.{TOKEN}"),
    RIGHT.replace("path: orders.csv", f"{TOKEN}: x"),
    RIGHT.replace("name: toy", f"name: toy\n{TOKEN}: x"),
    RIGHT.replace("name: toy", f"name: toy\nparams: {{p: {{type: integer, default: {TOKEN}}}}}"),
    RIGHT.replace("table: out", f"table: out, primary_key: [{TOKEN}]"),
    query(f"SELECT {TOKEN.replace('-', '_')}, '{TOKEN}' FROM nowhere"),
    query(f'SELECT amount AS "{TOKEN}" FROM read WHERE "{TOKEN}" = 1'),
]


@pytest.mark.parametrize("text", SECRETIVE)
def test_no_finding_shows_a_credential(text: str) -> None:
    result = compiled(text)
    assert result.manifest is None
    assert TOKEN not in repr(result.diagnostics)


def test_a_sensitive_value_is_in_no_finding_and_no_manifest() -> None:
    text = RIGHT.replace("name: toy", "name: toy\nparams: {p: {sensitive: true}, n: {type: integer, sensitive: true}}")
    text = text.replace("path: orders.csv", 'path: "orders.csv", token: "${params.p}"')
    wrong = compiled(text, params={"p": "hush-hush", "n": "hush-hush"})
    assert "OSR-PAR-006" in {d.code for d in wrong.diagnostics}
    assert "hush" not in repr(wrong)
    right = compiled(text, params={"p": "hush-hush", "n": "12345"})
    assert right.manifest is not None
    assert b"hush" not in right.manifest.to_bytes()
    assert b"12345" not in right.manifest.to_bytes()
    assert "hush" not in repr(right)
    assert right.manifest.params == {"n": "***", "p": "***"}
    assert right.manifest.step("read").config["token"] == "${params.p}"
    assert right.sensitive.settings == {"read": {"token": "hush-hush"}}
    assert right.sensitive.texts == ("12345", "hush-hush")


def test_a_component_is_asked_with_the_sensitive_value_and_its_complaint_is_masked() -> None:
    def refusing(step: ManifestStep) -> Known:
        return Known(why=f"nobody knows {step.config['token']}", refused=True)

    text = RIGHT.replace("name: toy", "name: toy\nparams: {p: {sensitive: true}}").replace(
        "path: orders.csv", 'path: orders.csv, token: "${params.p}"'
    )
    (finding,) = compiled(text, params={"p": "hush-hush"}, know=refusing).diagnostics
    assert finding.message == "nobody knows ***"


def test_secrets_of_a_component_never_reach_the_manifest() -> None:
    text = RIGHT.replace("path: orders.csv", "path: orders.csv, token: ")
    result = compiled(text)
    assert result.manifest is not None
    assert "token" not in result.manifest.step("read").config


def test_a_file_of_the_first_version_runs_with_warnings_where_the_second_has_errors() -> None:
    text = RIGHT.replace("name: toy", "name: My Toy\nextra: 1").replace("id: read", "id: Read it")
    first, second = compiled(text), compiled(text.replace("0.1.0", "0.2.0"))
    codes = ["OSR-OML-006", "OSR-OML-008", "OSR-OML-006"]
    assert [d.code for d in first.diagnostics] == [d.code for d in second.diagnostics] == codes
    assert {d.severity for d in first.diagnostics} == {Severity.WARNING}
    assert {d.severity for d in second.diagnostics} == {Severity.ERROR}
    assert first.manifest is not None
    assert first.manifest.slug == "my-toy"
    assert first.manifest.name == "My Toy"


def test_the_manifest_has_steps_in_an_order_that_works() -> None:
    result = compiled(f"{HEAD}steps:\n{WRITE.replace('mode: write', 'mode: write, needs: [read]')}{READ}")
    assert result.manifest is not None
    assert [step.id for step in result.manifest.steps] == ["read", "write"]


def test_many_keys_names_steps_and_faults_have_a_limit() -> None:
    keys = "".join(f"k{i}: 1\n" for i in range(500))
    assert len(compiled(RIGHT + keys).diagnostics) < 50
    names = "params: {" + ", ".join(f"p{i}: {{}}" for i in range(1_001)) + "}\n"
    assert "OSR-OML-023" in {d.code for d in compiled(RIGHT + names).diagnostics}
    steps = HEAD + "steps:\n" + "  - {}\n" * 1_001
    assert [d.code for d in compiled(steps).diagnostics] == ["OSR-OML-024"]
    settings = ", ".join(f"k{i}: 1" for i in range(500))
    assert len(compiled(RIGHT.replace("path: orders.csv", settings)).diagnostics) < 50


def test_a_long_name_or_id_is_refused() -> None:
    assert [d.code for d in compiled(RIGHT.replace("toy\n", "t" * 101 + "\n", 1)).diagnostics] == ["OSR-OML-005"]
    assert [d.code for d in compiled(RIGHT.replace("id: read", f"id: {'r' * 101}")).diagnostics] == ["OSR-OML-005"]


def test_what_an_alias_repeats_is_checked_and_filled_wherever_it_stands() -> None:
    text = RIGHT.replace("{path: orders.csv}", "&c {path: orders.csv}").replace(
        WRITE, f"{READ.replace('id: read', 'id: more').replace('{path: orders.csv}', '*c')}{WRITE}"
    )
    result = compiled(text)
    assert result.manifest is not None
    assert result.manifest.step("more").config == result.manifest.step("read").config


def test_a_query_of_a_connection_has_its_columns_from_the_source() -> None:
    text = RIGHT.replace("path: orders.csv", 'connection: "@toy.shop", query: "SELECT id, name FROM customers"')
    found = compiled(text, know=lambda _: Known(catalogue=Catalogue(source="@toy.shop", tables=SHOP), survey=CUSTOMERS))
    assert found.manifest is not None
    assert found.manifest.step("read").lineage["name"] == ("@toy.shop.customers.name",)


def test_passes_can_be_chosen() -> None:
    assert compile_pipeline(b"tasks: []", Given(Registry({})), passes=()).diagnostics == ()


def test_a_step_without_settings_lacks_those_that_are_needed() -> None:
    (finding,) = compiled(RIGHT.replace(', config: {connection: "@toy.shop", table: out}', "")).diagnostics[:1]
    assert (finding.code, finding.path) == ("OSR-CON-006", "steps[1]")
    codes = {d.code for d in compiled(RIGHT.replace(', config: {connection: "@toy.shop", table: out}', "")).diagnostics}
    assert codes == {"OSR-CON-006", "OSR-CFG-002"}


def test_what_a_component_without_settings_refuses_is_told_at_the_step() -> None:
    step = "  - {id: read, component: toy.odd, mode: read}\n"
    result = compiled(f"{HEAD}steps:\n{step}{WRITE}")
    assert [(d.path, d.message) for d in result.diagnostics] == [("steps[0]", "toy.odd can't read")]
