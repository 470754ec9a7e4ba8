"""The AI Operation Package: what it says, and that it can be relied on."""

import json
import os
import re
import subprocess
import sys
from itertools import chain, pairwise
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.observe.shop import (
    COLUMNS,
    FILE,
    OML,
    RUN,
    SETTINGS,
    WRITTEN,
    beginning,
    committed,
    completed,
    ended,
    failed,
    interrupted,
    manifest,
    moved,
    receipts,
    session,
)

from osiris.model.aiop import EVIDENCE_ID, Aiop, Previous, Sentence, StepBefore, Used, aiop_schema
from osiris.model.canonical import canonical_json
from osiris.model.errors import CheckFailed, ConnectError, SourceError, StatementError, StepFailed, Stopped, UsageError
from osiris.model.events import ArtifactCreated, Event, RunKilled, StepStart, Warned, WriteCommitted
from osiris.model.events import StepFailed as SaidFailed
from osiris.model.layout import Session
from osiris.model.manifest import ManifestStep, WriteEntry
from osiris.model.oml import Metadata
from osiris.model.receipt import Receipt
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.evidence import moved as in_short
from osiris.observe.aiop.package import export, freeze
from osiris.observe.redact import Redactor

LIMIT = 300_000
RUNS = {
    "completed": completed(),
    "failed": failed(),
    "interrupted": interrupted(),
    "killed": completed()[:6],
    "nothing said": [],
}
EXPORT = """
import sys
from pathlib import Path
from osiris.model.layout import Session
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.package import export
from osiris.observe.redact import Redactor
export(Session(Path(sys.argv[1])), settings=AiopSettings(), redact=Redactor())
"""
SCHEMA = jsonschema.Draft202012Validator(aiop_schema())


def packed(kept: Session, limit: int = LIMIT) -> Aiop:
    return export(kept, settings=AiopSettings(max_core_bytes=limit), redact=Redactor())


def document(kept: Session) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kept.aiop.read_bytes())
    return found


def ids(package: Aiop) -> list[str]:
    layers = package.evidence
    every = (layers.timeline, layers.metrics, layers.errors, layers.artifacts, layers.checks, layers.receipts)
    return [piece.id for pieces in every for piece in pieces]


def texts(sentences: tuple[Sentence, ...]) -> str:
    return "\n".join(sentence.text for sentence in sentences)


def before(**changes: Any) -> Previous:
    steps = {receipt.step_id: in_short(receipt.model_dump()) for receipt in receipts()}
    return Previous(
        run_id="20260101T000000-top-customers-ffffff",
        manifest_hash=manifest().hash(),
        status="completed",
        started_at="2026-01-01T00:00:00.000Z",
        seconds=0.256,
        total_rows=10,
        steps=steps,
    ).model_copy(update=changes)


@pytest.mark.parametrize("name", RUNS)
def test_every_run_has_a_package_that_fits_its_schema_and_cites_what_is_there(tmp_path: Path, name: str) -> None:
    kept = session(tmp_path, RUNS[name])
    package = packed(kept)
    SCHEMA.validate(document(kept))
    known = ids(package)
    assert len(known) == len(set(known))
    assert all(re.match(EVIDENCE_ID, one) for one in known)
    for sentence in package.narrative.sentences():
        assert sentence.cites
        assert set(sentence.cites) <= set(known)
    assert not package.metadata.truncation.truncated
    assert package.run.status == {"killed": "unfinished", "nothing said": "unfinished"}.get(name, name)


def test_the_same_session_gives_the_same_bytes_in_any_time_zone_and_locale(tmp_path: Path) -> None:
    kept = session(tmp_path, completed(), previous=before(total_rows=7))
    packed(kept)
    once = kept.aiop.read_bytes(), kept.run_card.read_bytes()
    packed(kept)
    assert (kept.aiop.read_bytes(), kept.run_card.read_bytes()) == once
    elsewhere = {"TZ": "Pacific/Kiritimati", "LC_ALL": "cs_CZ.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-c", EXPORT, kept.folder], check=True, cwd=tmp_path, env=dict(os.environ) | elsewhere
    )
    assert (kept.aiop.read_bytes(), kept.run_card.read_bytes()) == once


def test_a_package_is_canonical_json(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    packed(kept)
    told = json.dumps(document(kept), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert kept.aiop.read_text("utf-8") == f"{told}\n"


def test_ids_name_type_step_thing_and_moment(tmp_path: Path) -> None:
    package = packed(session(tmp_path, completed()))
    assert package.evidence.receipts[0].id == "ev.receipt.read_orders.read.1767323045635"
    assert package.evidence.artifacts[0].id == "ev.artifact.write_csv.output_top_csv.1767323045691"
    assert package.evidence.timeline[0].id == "ev.event.run.run_start.1767323045600"


def test_things_of_one_moment_and_name_have_ids_of_their_own(tmp_path: Path) -> None:
    kept = session(tmp_path, [])
    lines = [
        {"event": "warning", "message": str(seq), "seq": seq, "step_id": step_id, "session": RUN, "ts": ts}
        for seq, (step_id, ts) in enumerate(
            [
                ("a-b", "2026-01-02T03:04:05.600Z"),
                ("a_b", "2026-01-02T03:04:05.600Z"),
                ("A.b", "2026-01-02T03:04:05.600Z"),
                ("a-b", "2026-01-02T03:04:05.601Z"),
                ("a-b", "2026-01-02T03:04:05.600Z"),
            ],
            1,
        )
    ]
    kept.events.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert ids(packed(kept)) == [
        "ev.event.a_b.warning.1767323045600",
        "ev.event.a_b.warning_2.1767323045600",
        "ev.event.a_b.warning_3.1767323045600",
        "ev.event.a_b.warning.1767323045601",
        "ev.event.a_b.warning_5.1767323045600",
    ]


def test_the_semantic_layer_is_the_graph_with_how_far_each_step_got(tmp_path: Path) -> None:
    semantic = packed(session(tmp_path, interrupted())).semantic
    assert [(node.id, node.kind, node.status) for node in semantic.nodes] == [
        ("read-orders", "step", "completed"),
        ("top", "step", "stopped"),
        ("write-csv", "step", "not started"),
        ("@duckdb.shop/orders", "source", ""),
        ("output/top.csv", "target", ""),
    ]
    assert [(edge.subject, edge.relation, edge.object, edge.name) for edge in semantic.edges] == [
        ("read-orders", "consumes", "@duckdb.shop/orders", ""),
        ("top", "consumes", "read-orders", "orders"),
        ("write-csv", "consumes", "top", "df"),
        ("write-csv", "produces", "output/top.csv", ""),
    ]
    assert semantic.lineage == {"read-orders": {"customer": ("@duckdb.shop.orders.customer",)}}
    assert [shape.type for shape in semantic.schemas["top"]] == ["string", "decimal128(12, 2)"]
    assert semantic.manifest_hash == manifest().hash()
    assert semantic.oml == OML


def test_a_step_that_waits_for_a_writer_depends_on_it(tmp_path: Path) -> None:
    read, top, write = manifest().steps
    waiting = manifest(steps=(read, top, write, read.model_copy(update={"id": "again", "needs": ("write-csv",)})))
    semantic = packed(session(tmp_path, [], of=waiting)).semantic
    assert [(e.subject, e.object) for e in semantic.edges if e.relation == "depends_on"] == [("again", "write-csv")]


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({"connection": None, "config": {"path": "in.csv"}}, "in.csv"),
        ({"config": {"query": "SELECT 1"}}, "@duckdb.shop"),
        ({"connection": None, "config": {}}, "duckdb.extractor"),
    ],
)
def test_a_source_is_called_what_the_pipeline_calls_it(tmp_path: Path, changes: dict[str, Any], source: str) -> None:
    read = manifest().steps[0].model_copy(update=changes)
    of = manifest(steps=(read, *manifest().steps[1:]))
    package = packed(session(tmp_path, completed(of), of=of))
    assert [node.id for node in package.semantic.nodes if node.kind == "source"] == [source]
    assert f"read 2,000 rows from {source}." in texts(package.narrative.happened)


def test_components_are_described_as_they_were_when_the_run_began(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    used = Used(name="duckdb.processor", version="1.2.3", title="Transform", mode="transform", connection="none")
    freeze(kept, run_id=RUN, config_effective=SETTINGS, previous=None, redact=Redactor(), components=[used])
    told = {one.name: one for one in packed(kept).semantic.components}
    assert told["duckdb.processor"] == used.model_copy(update={"steps": 1})
    assert (told["duckdb.extractor"].version, told["duckdb.extractor"].mode) == ("", "read")


def test_a_manifest_handed_in_is_the_one_in_the_file(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    handed_in = kept.frozen.read_bytes()
    freeze(kept, run_id=RUN, config_effective=SETTINGS, previous=None, redact=Redactor())
    assert kept.frozen.read_bytes() == handed_in


def test_settings_are_there_with_their_origin(tmp_path: Path) -> None:
    assert packed(session(tmp_path, [])).metadata.config_effective == SETTINGS


def test_receipts_say_what_was_committed(tmp_path: Path) -> None:
    whole = packed(session(tmp_path / "a", completed())).evidence
    assert [(proof.step_id, proof.committed) for proof in whole.receipts] == [
        ("read-orders", None),
        ("top", None),
        ("write-csv", True),
    ]
    assert whole.receipts[2].receipt.written == WRITTEN
    broken = [*completed()[:-4], *ended(StepFailed("write-csv", SourceError("no room")))]
    package = packed(session(tmp_path / "b", broken))
    assert package.evidence.receipts[2].committed is False
    assert "took 10 rows for output/top.csv, but they were not committed" in texts(package.narrative.happened)
    assert "No commit is recorded for output/top.csv: as before the run." in texts(package.narrative.why)


def test_a_target_that_counts_other_rows_is_a_check_that_failed(tmp_path: Path) -> None:
    wrong = WRITTEN.model_copy(update={"staged": 9})
    proof = receipts()[-1].model_copy(update={"written": wrong, "status": "mismatch"})
    error = StepFailed("write-csv", CheckFailed("9 of 10 rows"))
    kept = session(tmp_path, [*beginning(manifest()), *moved(proof), *ended(error)], previous=before())
    package = packed(kept)
    found = {check.name: (check.status, check.expected, check.found) for check in package.evidence.checks}
    assert found == {"staged": ("mismatch", 10, 9), "receipt": ("mismatch", None, None)}
    assert package.metadata.delta.checks_failed.now == 1


def test_intent_is_what_the_manifest_says(tmp_path: Path) -> None:
    both = manifest(metadata=Metadata(intent="top customers", description="for the board"))
    told = packed(session(tmp_path / "a", [], of=both)).narrative.intent
    assert [(said.text, said.source, said.trust) for said in told] == [
        ("top customers", "manifest.metadata.intent", "high"),
        ("for the board", "manifest.metadata.description", "high"),
    ]
    (least,) = packed(session(tmp_path / "b", [], of=manifest(metadata=Metadata()))).narrative.intent
    assert (least.text, least.source) == ("write output/top.csv", "manifest.writes")


def test_the_narrative_names_every_file_that_it_was_made_from(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    told = packed(kept).narrative.inputs
    assert [file.path for file in told] == ["manifest.yaml", "pipeline.yaml", "frozen.json", "events.jsonl"]
    assert told[3].bytes == kept.events.stat().st_size
    kept.oml.unlink()
    package = packed(kept)
    assert [file.path for file in package.narrative.inputs] == ["manifest.yaml", "frozen.json", "events.jsonl"]
    assert package.semantic.oml == OML


def test_a_failure_says_what_why_and_what_to_do(tmp_path: Path) -> None:
    package = packed(session(tmp_path, failed()))
    (error,) = package.evidence.errors
    assert (error.code, error.step_id, error.why) == ("OSR-OUT-010", "read-orders", "it was dropped")
    assert package.run.error_code == "OSR-OUT-010"
    assert package.run.exit_code == 1
    assert package.narrative.why[0].cites == (error.id,)
    assert texts(package.narrative.why) == (
        "Step 'read-orders' failed: there is no table 'orders' (OSR-OUT-010). "
        "Because: it was dropped. What to do: discover the tables again.\n"
        "Never begun: top, write-csv.\n"
        "No commit is recorded for output/top.csv: as before the run."
    )


def test_only_the_step_at_fault_has_failed(tmp_path: Path) -> None:
    whole = failed()
    begun = StepStart(step_id="top", component="duckdb.processor", mode="transform")
    given_up = SaidFailed(step_id="top", error=Stopped("another step failed").to_dict(), seconds=0.1)
    package = packed(session(tmp_path, [*whole[:4], begun, given_up, *whole[4:]]))
    assert [error.step_id for error in package.evidence.errors] == ["read-orders"]
    assert [node.status for node in package.semantic.nodes[:3]] == ["failed", "stopped", "not started"]
    assert "Stopped before the last row: top." in texts(package.narrative.why)


def test_an_error_that_may_pass_says_so(tmp_path: Path) -> None:
    class Away(SourceError):
        """The server sleeps."""

        retriable = True

    package = packed(session(tmp_path, failed(Away("the server is away", where="line 3"))))
    assert "(OSR-OUT-010), at line 3." in texts(package.narrative.why)
    assert "may succeed later with nothing changed" in texts(package.narrative.why)


def test_an_interrupted_run_says_how_far_it_got(tmp_path: Path) -> None:
    package = packed(session(tmp_path, interrupted()))
    assert "was interrupted after 0.51 s" in texts(package.narrative.happened)
    assert [error.code for error in package.evidence.errors] == ["OSR-RUN-001"]
    assert "Stopped before the last row: top." in texts(package.narrative.why)


def test_what_was_committed_before_a_failure_is_told(tmp_path: Path) -> None:
    whole = completed()
    error = StepFailed("other", SourceError("refused"))
    package = packed(session(tmp_path, [*whole[:-2], *ended(error, rows=10)]))
    assert "Committed, and there now all the same: output/top.csv." in texts(package.narrative.why)


def test_a_killed_run_says_where_its_record_stops(tmp_path: Path) -> None:
    package = packed(session(tmp_path, completed()[:6]))
    assert "The record stops at 2026-01-02T03:04:05.635Z" in texts(package.narrative.happened)
    assert (package.run.seconds, package.run.exit_code, package.run.ended_at) == (None, None, "")
    assert "No commit is recorded for output/top.csv." in texts(package.narrative.why)


def test_a_run_that_somebody_found_killed_is_called_so(tmp_path: Path) -> None:
    package = packed(session(tmp_path, [*completed()[:6], RunKilled()]))
    assert (package.run.status, package.run.ended_at) == ("killed", "")
    said = package.narrative.happened[-1]
    assert said.text == "The process that carried the run was gone; its last word is of 2026-01-02T03:04:05.635Z."
    assert said.cites == ("ev.event.run.run_killed.1767323045642",)
    assert "No commit is recorded for output/top.csv." in texts(package.narrative.why)


def test_a_run_that_was_killed_before_its_first_word_is_told_too(tmp_path: Path) -> None:
    assert "its last word is of nowhere" in texts(packed(session(tmp_path, [RunKilled()])).narrative.happened)


@pytest.mark.parametrize("density", ["low", "medium", "high"])
def test_a_timeline_is_as_dense_as_it_is_set(tmp_path: Path, density: Any) -> None:
    kept = session(tmp_path, completed())
    package = export(kept, settings=AiopSettings(timeline_density=density), redact=Redactor())
    told = {moment.event for moment in package.evidence.timeline}
    assert ("step_start" in told, "step_progress" in told) == (density != "low", density == "high")
    assert not package.metadata.truncation.truncated


def test_the_numbers_that_say_most_are_kept_and_the_others_counted(tmp_path: Path) -> None:
    of, events = many(20)
    kept = session(tmp_path, events, of=of)
    package = export(kept, settings=AiopSettings(metrics_topk=7), redact=Redactor())
    names = [metric.metric for metric in package.evidence.metrics]
    assert len(names) == 7
    assert {"steps_total", "total_rows", "run_duration_ms"} < set(names)
    assert [metric.ts for metric in package.evidence.metrics] == sorted(m.ts for m in package.evidence.metrics)
    (cut,) = package.metadata.truncation.cuts
    assert (cut.path, cut.kept, cut.total) == ("evidence.metrics", 7, 63)


def test_a_control_repeats_what_the_run_was_given_but_no_secret(tmp_path: Path) -> None:
    of = manifest(params={"since": "2026 01", "who": "***"}, profile="night shift")
    package = packed(session(tmp_path, failed(StatementError("no")), of=of))
    assert package.metadata.controls[0].command == (
        f"osiris compile logs/{RUN}/pipeline.yaml --param 'since=2026 01' --profile 'night shift'"
    )


@pytest.mark.slow
def test_two_hundred_generated_runs_have_packages_that_fit_the_schema(tmp_path: Path) -> None:
    pick = Random(20260102)  # noqa: S311 - the same runs each time
    whole = [*completed(), *committed(), *failed()[2:4], *interrupted()[-1:], RunKilled()]
    for number in range(200):
        of, events = many(pick.randrange(1, 30), pick.randrange(0, 6))
        told = [*events, *pick.choices(whole, k=pick.randrange(10))]
        del told[pick.randrange(len(told)) :: pick.randrange(1, 9)]
        previous = before(total_rows=pick.randrange(50)) if pick.random() < 0.5 else None
        kept = session(tmp_path / str(number), told, of=of, previous=previous)
        limit = pick.choice((20_000, 60_000, LIMIT))
        package = packed(kept, limit)
        assert kept.aiop.stat().st_size <= limit
        SCHEMA.validate(document(kept))
        assert {cite for said in package.narrative.sentences() for cite in said.cites} <= set(ids(package))


def test_lines_missing_in_the_journal_are_counted(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    lines = kept.events.read_text("utf-8").splitlines()
    kept.events.write_text("\n".join([*lines[:3], lines[3][:20], *lines[4:]]), "utf-8")
    assert packed(kept).run.events_missing == 1


def test_the_first_run_is_called_so(tmp_path: Path) -> None:
    package = packed(session(tmp_path, completed()))
    assert package.metadata.delta.first_run
    assert "first run" in texts(package.narrative.changed)


def test_a_run_like_the_one_before_says_that_nothing_changed(tmp_path: Path) -> None:
    delta = packed(session(tmp_path, completed(), previous=before())).metadata.delta
    assert (delta.first_run, delta.pipeline_changed, delta.steps) == (False, False, ())
    assert (delta.rows.percent, delta.seconds.percent) == (0.0, 100.0)


def test_what_changed_since_the_run_before_is_told_with_its_share(tmp_path: Path) -> None:
    steps = {
        "read-orders": StepBefore(rows=1000, seconds=0.1, nulls={"customer": 1, "revenue": 0}, content="x"),
        "top": in_short((receipts()[1].model_copy(update={"digests": {"customer": "0" * 16}})).model_dump()),
        "write-csv": StepBefore(rows=10, seconds=0.1, nulls={"customer": 4, "gone": 0}),
        "old": StepBefore(rows=1, seconds=0.1, status="mismatch"),
    }
    earlier = before(steps=steps, total_rows=8, manifest_hash="another", error_code="OSR-OUT-010")
    package = packed(session(tmp_path, completed(), previous=earlier))
    delta = package.metadata.delta
    assert delta.pipeline_changed
    assert (delta.rows.before, delta.rows.now, delta.rows.percent) == (8, 10, 25.0)
    assert (delta.errors.before, delta.errors.now) == (1, 0)
    assert (delta.checks_failed.before, delta.checks_failed.now) == (1, 0)
    assert (delta.steps_added, delta.steps_removed) == ((), ("old",))
    found = {change.step_id: change for change in delta.steps}
    assert found["read-orders"].rows.percent == 100.0
    assert found["top"].content == "different"
    assert (found["write-csv"].columns_added, found["write-csv"].columns_removed) == (("revenue",), ("gone",))
    assert found["write-csv"].nulls["customer"].percent == -75.0
    assert found["write-csv"].content == "unknown"
    told = texts(package.narrative.changed)
    assert "another manifest): 10 rows committed, 8 then (+25 %)." in told
    assert "Step 'read-orders': 2,000 rows, 1,000 before (+100 %)." in told
    assert "Step 'top': as many rows as before, with other values." in told
    assert "new columns: revenue; columns gone: gone; NULLs changed in: customer." in told


@pytest.mark.parametrize(
    ("changes", "changed", "said"),
    [
        ({"params": "other"}, ("params",), "the same pipeline with other parameters"),
        ({"oml": "other"}, ("pipeline",), "an edited pipeline"),
        ({"catalogue": "other"}, ("catalogue",), "the same pipeline with other tables or columns"),
        ({"compiler": "other"}, ("compiler",), "the same pipeline with another version of Osiris"),
        (
            {"oml": "other", "params": "other", "profile": "other", "components": "other"},
            ("pipeline", "params", "profile", "components"),
            "an edited pipeline with other parameters, another profile, other versions of its components",
        ),
        ({}, ("manifest",), "another manifest"),
    ],
)
def test_what_is_different_about_what_ran_is_told_by_its_name(
    tmp_path: Path, changes: dict[str, str], changed: tuple[str, ...], said: str
) -> None:
    made_from = manifest().fingerprints.model_dump() | changes
    earlier = before(manifest_hash="another", fingerprints=made_from)
    package = packed(session(tmp_path, completed(), previous=earlier))
    assert package.metadata.delta.changed == changed
    assert package.metadata.delta.pipeline_changed is ("pipeline" in changed)
    assert f"(completed, {said}):" in texts(package.narrative.changed)


def test_a_control_for_a_connection_that_does_not_answer(tmp_path: Path) -> None:
    controls = packed(session(tmp_path, failed(ConnectError("refused")))).metadata.controls
    assert controls[0].command == "osiris connections doctor"


def test_a_control_can_be_typed_whatever_the_folder_is_called(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    elsewhere = {"paths.logs": {"value": "my logs", "origin": "osiris.yaml"}}
    freeze(kept, run_id=RUN, config_effective=elsewhere, previous=None, redact=Redactor())
    package = packed(kept)
    assert package.run.record == f"my logs/{RUN}"
    assert package.metadata.controls[0].command == f"osiris plan 'my logs/{RUN}'"


@pytest.mark.parametrize(
    ("events", "command"),
    [
        (completed(), f"osiris plan logs/{RUN}"),
        (failed(StatementError("no")), f"osiris compile logs/{RUN}/pipeline.yaml"),
    ],
)
def test_the_first_control_is_the_most_useful_next_step(tmp_path: Path, events: list[Event], command: str) -> None:
    assert packed(session(tmp_path, events)).metadata.controls[0].command == command


def many(steps: int, columns: int = 4) -> tuple[Any, list[Event]]:
    """Return a manifest of many steps, and what its run says."""
    names = [f"a_column_{number}" for number in range(columns)]
    counted: dict[str, Any] = {"nulls": dict.fromkeys(names, 0), "digests": dict.fromkeys(names, "0" * 16)}
    shapes = tuple(COLUMNS[0].model_copy(update={"name": name}) for name in names)
    made: list[ManifestStep] = []
    told: list[Event] = []
    for number in range(steps):
        mode: Any = "write" if number % 2 else "read"
        step = ManifestStep(
            id=f"step-{number}",
            component=f"x.{mode}er",
            mode=mode,
            columns=shapes,
            inputs={"df": f"step-{number - 1}"} if number % 2 else {},
            config={"path": f"in/{number}.csv"},
            lineage={name: (f"in/{number}.csv.{name}",) for name in names},
        )
        artifact = FILE.model_copy(update={"path": f"out/{number}.csv"})
        written = WRITTEN.model_copy(update={"target": artifact.path, "artifacts": (artifact,)})
        proof = Receipt(
            step_id=step.id, component=step.component, mode=mode, written=written if number % 2 else None, **counted
        )
        made.append(step)
        told += moved(proof)
        if number % 2:
            told += [
                WriteCommitted(step_id=step.id, receipt=proof),
                ArtifactCreated(step_id=step.id, artifact=artifact),
            ]
    writes = tuple(
        WriteEntry(step_id=step.id, target=f"out/{number}.csv", write_mode="replace")
        for number, step in enumerate(made)
        if step.mode == "write"
    )
    of = manifest(steps=tuple(made), writes=writes)
    return of, [*beginning(of), *told, *ended(rows=1)]


def test_a_package_of_many_steps_is_shortened_in_the_fixed_order_and_says_so(tmp_path: Path) -> None:
    of, events = many(200)
    kept = session(tmp_path, events, of=of, oml="# a long text\n" * 200)
    whole = packed(kept, 10_000_000)
    assert not whole.metadata.truncation.truncated
    sizes = (200_000, 150_000, 100_000, 60_000, 20_000)
    paths: list[list[str]] = []
    for limit in sizes:
        package = packed(kept, limit)
        assert kept.aiop.stat().st_size <= limit
        SCHEMA.validate(document(kept))
        assert {cite for sentence in package.narrative.sentences() for cite in sentence.cites} <= set(ids(package))
        cuts = package.metadata.truncation.cuts
        assert package.metadata.truncation.truncated
        for cut in cuts:
            assert cut.kept < cut.total
        paths.append([cut.path for cut in cuts])
        timeline = next(cut for cut in cuts if cut.path == "evidence.timeline")
        assert timeline.total == len(whole.evidence.timeline)
        assert timeline.kept == len(package.evidence.timeline)
    assert paths[0][0] == "evidence.timeline"
    for fewer, more in pairwise(paths):
        assert more[: len(fewer)] == fewer
    assert paths[-1][:6] == [
        "evidence.timeline",
        "evidence.metrics",
        "evidence.artifacts",
        "semantic.lineage",
        "semantic.schemas",
        "semantic.oml",
    ]


def multiplied(kept: Session, pairs: int) -> None:
    """Make the record of a run of two steps that of so many pairs."""

    def named(text: str, pair: int) -> str:
        text = text.replace("step-1", f"odd-{pair}").replace("step-0", f"even-{pair}")
        return text.replace("out/1.csv", f"out/{pair}.csv")

    first, *lines, cleanup, last = kept.events.read_text("utf-8").splitlines()
    told = (named(line, pair) for pair in range(pairs) for line in lines)
    kept.events.write_text("\n".join([first, *told, cleanup, last, ""]), "utf-8")
    frozen = json.loads(kept.frozen.read_bytes())
    semantic = frozen["semantic"]
    for part in ("nodes", "edges", "writes", "schemas", "lineage"):
        several = [json.loads(named(json.dumps(semantic[part]), pair)) for pair in range(pairs)]
        kind = type(semantic[part])
        semantic[part] = kind(chain.from_iterable(one.items() if kind is dict else one for one in several))
    semantic["nodes"].sort(key=lambda node: node["kind"] != "step")
    for used in semantic["components"]:
        used["steps"] *= pairs
    kept.frozen.write_bytes(canonical_json(frozen))


MEASURED = """
import sys
from pathlib import Path
from osiris.model.layout import Session
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.package import export
from osiris.observe.html.report import report
from osiris.observe.redact import Redactor
from osiris.remote.limits import peak

kept, redact, before = Session(Path(sys.argv[1])), Redactor(["canary-secret-7"]), peak()
if sys.argv[2] == "package":
    export(kept, settings=AiopSettings(), redact=redact)
else:
    kept.report.write_text(report(kept, redact), "utf-8")
print(peak() - before)
"""


@pytest.mark.slow
def test_a_package_of_five_thousand_steps_and_its_page_are_made_in_little_memory(tmp_path: Path) -> None:
    of, events = many(2)
    kept = session(tmp_path, events, of=of)
    multiplied(kept, 2_500)
    for what in ("package", "page"):
        command = [sys.executable, "-c", MEASURED, str(kept.folder), what]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert int(done.stdout) < 50_000_000, what
    assert kept.aiop.stat().st_size <= LIMIT
    page = kept.report.read_text("utf-8")
    assert len(page) < 1_000_000
    for said in (
        "<dt>steps</dt><dd>5,000</dd>",
        "When each step ran; 4,800 more are left out here",
        "What each step took and gave; 4,800 more are left out here",
        "Files that the run made; 2,300 more are left out here",
        "What was to be written; 2,300 more are left out here",
        "4,900 more steps are left out here",
    ):
        assert said in page
    package = Aiop.model_validate(document(kept))
    totals = {cut.path: cut.total for cut in package.metadata.truncation.cuts}
    assert totals["evidence.receipts"] == 5_000
    assert totals["evidence.checks"] == 7_500
    assert totals["evidence.artifacts"] == 2_500
    assert len(set(ids(package))) == len(ids(package))


def test_many_errors_are_counted_and_the_first_ones_kept(tmp_path: Path) -> None:
    error = StepFailed("read-orders", SourceError("gone"))
    told = [SaidFailed(step_id=f"s{number}", error=error.to_dict(), seconds=1.0) for number in range(60)]
    package = packed(session(tmp_path, [*beginning(manifest()), *told, *ended(error)]))
    assert [error.step_id for error in package.evidence.errors] == [f"s{number}" for number in range(50)]
    (cut,) = package.metadata.truncation.cuts
    assert (cut.path, cut.kept, cut.total) == ("evidence.errors", 50, 60)


def test_evidence_that_is_cited_is_never_dropped_and_ids_stay_what_they_are(tmp_path: Path) -> None:
    of, events = many(60)
    kept = session(tmp_path, events, of=of)
    whole, little = packed(kept, 10_000_000), packed(kept, 25_000)
    assert set(ids(little)) < set(ids(whole))
    assert little.narrative.happened[0] == whole.narrative.happened[0]


def test_a_text_of_megabytes_is_cut_and_its_length_kept(tmp_path: Path) -> None:
    kept = session(tmp_path, completed(), oml="č" * 1_000_000)
    package = packed(kept, 30_000)
    (cut,) = package.metadata.truncation.cuts
    assert (cut.path, cut.total) == ("semantic.oml", 1_000_000)
    assert cut.kept == len(package.semantic.oml) > 1_000
    assert kept.aiop.stat().st_size <= 30_000


def test_a_kind_of_evidence_beyond_all_room_is_counted(tmp_path: Path) -> None:
    warned: list[Event] = [Warned(message="again")] * 400
    kept = session(tmp_path, [*beginning(manifest()), *warned, *ended()])
    package = packed(kept, 20_000)
    cut = next(cut for cut in package.metadata.truncation.cuts if cut.path == "evidence.timeline")
    assert cut.total == 404
    assert package.evidence.timeline[-1].event == "run_end"


@given(
    words=st.text(min_size=1, max_size=30).map(lambda text: text * 300),
    names=st.lists(st.text("ab-_.é", min_size=1, max_size=50), min_size=1, max_size=30, unique=True),
)
@settings(max_examples=12, deadline=None)
def test_no_run_however_wordy_is_over_the_smallest_limit(
    tmp_path_factory: pytest.TempPathFactory, words: str, names: list[str]
) -> None:
    of = manifest(name=words[:3000], metadata=Metadata(intent=words), params=dict.fromkeys(names, words))
    error = StepFailed("read-orders", SourceError(words, why=words, hint=words, where=words))
    told = [
        Warned(step_id="top", message=words),
        *moved(receipts()[0].model_copy(update={"nulls": dict.fromkeys(names, 1)})),
        SaidFailed(step_id="read-orders", error=error.to_dict(), seconds=1.0),
    ]
    earlier = before(steps={"read-orders": StepBefore(rows=1, seconds=1, nulls={words: 1})})
    kept = session(
        tmp_path_factory.mktemp("wordy"), [*beginning(of), *told * 3, *ended(error)], of=of, oml=words, previous=earlier
    )
    package = packed(kept, 20_000)
    assert kept.aiop.stat().st_size <= 20_000
    SCHEMA.validate(document(kept))
    assert {cite for sentence in package.narrative.sentences() for cite in sentence.cites} <= set(ids(package))
    assert package.narrative.why


@given(st.lists(st.sampled_from(range(14)), max_size=20), st.integers(20_000, 60_000))
@settings(max_examples=30, deadline=None)
def test_whatever_is_missing_or_doubled_in_a_journal_the_package_fits_its_schema(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], limit: int
) -> None:
    whole = [*completed(), *committed(), *failed()[2:4], *interrupted()[-1:]]
    kept = session(tmp_path_factory.mktemp("odd"), [whole[place] for place in order])
    package = packed(kept, limit)
    SCHEMA.validate(document(kept))
    assert {cite for sentence in package.narrative.sentences() for cite in sentence.cites} <= set(ids(package))


def test_the_schema_refuses_what_is_no_package() -> None:
    assert list(SCHEMA.iter_errors({"run": {}}))
    jsonschema.Draft202012Validator.check_schema(aiop_schema())


def test_a_session_that_was_never_frozen_has_no_package(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    kept.frozen.write_text("{", "utf-8")
    with pytest.raises(UsageError, match=r"frozen\.json"):
        packed(kept)
    kept.frozen.unlink()
    with pytest.raises(UsageError, match=r"frozen\.json") as caught:
        packed(kept)
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"name: x", b"a: [", b"\xff"])
def test_a_session_without_its_manifest_cannot_be_frozen(tmp_path: Path, content: bytes) -> None:
    kept = Session(tmp_path)
    kept.manifest.write_bytes(content)
    with pytest.raises(UsageError, match=r"manifest\.yaml"):
        freeze(kept, run_id=RUN, config_effective=SETTINGS, previous=None, redact=Redactor())


def test_a_run_card_keeps_to_its_lines_whatever_it_is_told(tmp_path: Path) -> None:
    nasty = "a|b\n# not a title\r\n<script>x</script>\x1b[31m `open \u202e [link](http://x)"
    of = manifest(name=nasty, metadata=Metadata(intent=nasty))
    kept = session(tmp_path, failed(SourceError(nasty, hint=nasty)), of=of)
    packed(kept)
    card = kept.run_card.read_text("utf-8")
    assert [line for line in card.splitlines() if line.startswith("# ")] == card.splitlines()[:1]
    assert "<script>" not in card.replace("\\<", "")
    assert not set("\x1b\r\u202e") & set(card)


def test_a_run_card_of_many_steps_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    of, events = many(120)
    kept = session(tmp_path, events, of=of)
    packed(kept)
    card = kept.run_card.read_text("utf-8")
    assert "… and 70 more steps." in card
    assert "… and 10 more" in card
    assert "100 more steps got to the last row." in card


def test_a_run_card_names_tables_with_their_rows(tmp_path: Path) -> None:
    table: dict[str, Any] = {"target": "@duckdb.shop/top|ten", "artifacts": (), "rows_before": 3, "rows_after": 13}
    changed = WRITTEN.model_copy(update=table | {"changes": ("adds column note",), "write_mode": "append"})
    proof = receipts()[-1].model_copy(update={"component": "duckdb.writer", "written": changed})
    seen = WriteCommitted(step_id="write-csv", receipt=proof)
    kept = session(tmp_path, [*beginning(manifest()), *moved(proof), seen])
    package = packed(kept)
    card = kept.run_card.read_text("utf-8")
    assert "- `@duckdb.shop/top\\|ten`: 10 rows written, 13 rows now" in card
    told = texts(package.narrative.happened)
    assert "(append): 10 staged, 3 there before, 13 there now. It adds column note." in told


def test_a_run_card_says_what_the_package_left_out(tmp_path: Path) -> None:
    of, events = many(60)
    kept = session(tmp_path, events, of=of)
    packed(kept, 30_000)
    assert "Left out to save room: evidence.timeline (" in kept.run_card.read_text("utf-8")
