"""Fifty questions about ten recorded runs: each is answered by evidence that the package has, and that says so.

A question is a line of `questions.yaml`: what is asked, the evidence that answers it, and what stands in that evidence.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from tests.unit.observe.shop import (
    RUN,
    SETTINGS,
    WRITTEN,
    beginning,
    completed,
    ended,
    failed,
    interrupted,
    manifest,
    moved,
    receipts,
    session,
)
from tests.unit.observe.test_aiop import before
from tests.unit.observe.test_norm import earlier

from osiris.model.aiop import Aiop, Previous
from osiris.model.errors import CheckFailed, ConnectError, SecretMissing, StatementError, StepFailed
from osiris.model.events import Event, RunKilled
from osiris.model.manifest import Manifest
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.norm import baseline_of
from osiris.observe.aiop.package import export, freeze
from osiris.observe.aiop.view import view
from osiris.observe.redact import Redactor

ASKED: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text("utf-8"))
ROOM = 6_000  # tokens of a model that is asked


@dataclass(frozen=True)
class Recorded:
    """One run on record."""

    events: Iterable[Event]
    of: Manifest | None = None
    previous: Previous | None = None
    usual: tuple[Previous, ...] = ()


def recorded() -> Mapping[str, Recorded]:
    """Return the ten runs."""
    read, top, write = receipts()
    mismatch = write.model_copy(
        update={"written": WRITTEN.model_copy(update={"staged": 9, "rows_after": None}), "status": "mismatch"}
    )
    broken = StepFailed("write-csv", CheckFailed("9 of 10 rows were staged", hint="look at the target's own log"))
    refused = SecretMissing("the variable SHOP_PW is not set", hint="set it in .env")
    fewer = before(total_rows=8, steps={**before().steps, "top": before().steps["top"].model_copy(update={"rows": 8})})
    return {
        "first": Recorded(completed()),
        "again": Recorded(completed(), previous=fewer),
        "unusual": Recorded(completed(), previous=before(), usual=earlier(rows=7)),
        "source-gone": Recorded(failed(), previous=before()),
        "no-connection": Recorded(failed(ConnectError("the server at db:3306 does not answer", hint="start it"))),
        "bad-statement": Recorded(failed(StatementError("there is no column 'revenu'", hint="did you mean revenue?"))),
        "mismatch": Recorded([*beginning(manifest()), *moved(read), *moved(top), *moved(mismatch), *ended(broken)]),
        "no-secret": Recorded([*beginning(manifest()), *ended(refused)]),
        "stopped": Recorded(interrupted()),
        "killed": Recorded([*completed()[:6], RunKilled()]),
    }


@cache
def package_of(name: str) -> Aiop:
    """Return the package of one of the runs."""
    run = recorded()[name]
    with TemporaryDirectory() as folder:
        kept = session(Path(folder), run.events, of=run.of, previous=run.previous)
        if run.usual:
            usual = baseline_of(run.usual)
            freeze(
                kept, run_id=RUN, config_effective=SETTINGS, previous=run.previous, baseline=usual, redact=Redactor()
            )
        return export(kept, settings=AiopSettings(), redact=Redactor())


def evidence_of(package: Aiop) -> dict[str, str]:
    """Return each piece of evidence by its id, as a model reads it, with the sentences that cite it."""
    layers = package.evidence
    every = (layers.timeline, layers.metrics, layers.errors, layers.artifacts, layers.checks, layers.receipts)
    found = {piece.id: json.dumps(piece.model_dump(mode="json")) for pieces in every for piece in pieces}
    for sentence in package.narrative.sentences():
        for cited in sentence.cites:
            found[cited] += f"\n{sentence.text}"
    return found


def test_there_are_fifty_questions_about_ten_runs() -> None:
    assert set(ASKED) == set(recorded())
    assert len(ASKED) == 10
    assert sum(map(len, ASKED.values())) == 50


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, asked in ASKED.items() for number in range(len(asked))]
)
def test_a_question_is_answered_by_evidence_that_is_there(name: str, number: int) -> None:
    question = ASKED[name][number]
    package = package_of(name)
    known = evidence_of(package)
    told = view(package, ROOM)
    for cited in question["cites"]:
        whole = [one for one in known if one.startswith(f"ev.{cited}.")]
        assert len(whole) == 1, (question["ask"], cited, sorted(known))
        assert question["says"] in known[whole[0]], (question["ask"], known[whole[0]])
        assert whole[0] in told
