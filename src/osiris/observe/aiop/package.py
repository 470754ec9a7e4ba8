"""The AI Operation Package of a session: read, told, made to fit, written."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from osiris.model.aiop import (
    CONTEXT,
    Aiop,
    Baseline,
    Frozen,
    Input,
    Intent,
    Metadata,
    Narrative,
    Previous,
    SizeHint,
    Summary,
    Truncation,
    Used,
)
from osiris.model.canonical import canonical_json, digest
from osiris.model.errors import CheckFailed, UsageError
from osiris.model.layout import Session
from osiris.model.manifest import Manifest
from osiris.model.settings import AiopSettings, Origin
from osiris.observe.aiop.annex import Annex, annexed
from osiris.observe.aiop.budget import Document, clip, fit, size
from osiris.observe.aiop.delta import delta_of
from osiris.observe.aiop.evidence import Story
from osiris.observe.aiop.metadata import GLOSSARY, PRIMER, controls_of, session_folder
from osiris.observe.aiop.narrative import Teller
from osiris.observe.aiop.norm import norm_of
from osiris.observe.aiop.runcard import run_card
from osiris.observe.aiop.semantic import intent_of, semantic_of
from osiris.observe.files import write_whole
from osiris.observe.read import read_events, read_manifest
from osiris.observe.redact import Redactor

TOLD = (20, 8, 3, 1)  # steps told one by one; fewer where the limit is tight
LAYERS = ("evidence", "semantic", "narrative")
BYTES_PER_TOKEN = 4
TEXT_SHARE = 8  # one character for so many bytes of the limit: a pipeline's text must not drive out the evidence
MOST_OML = 1_000_000  # characters of a pipeline's text that are kept
SMALLEST = 200  # bytes of one piece of evidence; more than fill the package need not be kept
_NO_ORIGINS: Mapping[str, Origin] = {}


def freeze(
    session: Session,
    *,
    run_id: str,
    config_effective: Mapping[str, Mapping[str, Any]],
    previous: Previous | None,
    redact: Redactor,
    baseline: Baseline | None = None,
    manifest: Manifest | None = None,
    components: Iterable[Used] = (),
    intent: Iterable[Intent] = (),
) -> None:
    """Keep what a package needs besides the events, before the run begins.

    Args:
        session: Its folder is there, with the manifest in it.
        run_id: Also the session's name.
        config_effective: `section.key` to value and origin.
        previous: The latest earlier run of the pipeline; None where there is none.
        redact: Takes secrets out.
        baseline: What was usual in the runs before.
        manifest: What is to run; None means: read it from the session.
        components: What the components of the pipeline say about themselves.
        intent: What others than the manifest say was wanted.

    Raises:
        UsageError: the session has no manifest, or its folder can't be written.
    """
    known = manifest if manifest and session.manifest.is_file() else read_manifest(session)
    manifest_hash = digest(session.manifest.read_bytes())
    semantic = semantic_of(known, manifest_hash, {used.name: used for used in components})
    oml = session.oml.read_text("utf-8", "replace") if session.oml.is_file() else ""
    frozen = Frozen(
        run_id=run_id,
        config_effective={key: dict(value) for key, value in config_effective.items()},
        previous=previous,
        baseline=baseline,
        intent=(*intent_of(known), *intent),
        manifest_hash=manifest_hash,
        semantic=semantic.model_dump(mode="json"),
        oml=oml[:MOST_OML],
        oml_chars=len(oml),
    )
    write_whole(session.frozen, [canonical_json(redact(frozen.model_dump(mode="json"))), b"\n"])


def settings_of(session: Session) -> AiopSettings:
    """Return the settings of packages as they were when the session's run began.

    Raises:
        UsageError: the session was never frozen.
    """
    config = frozen_of(session).config_effective
    kept = {name: config[f"aiop.{name}"]["value"] for name in AiopSettings.model_fields if f"aiop.{name}" in config}
    return AiopSettings.model_validate(kept)


@dataclass(frozen=True)
class Made:
    """A package with the texts of its two files."""

    package: Aiop
    core: str
    card: str


def export(session: Session, *, settings: AiopSettings, redact: Redactor) -> Aiop:
    """Write `aiop.json`, `run-card.md` and, where it is wanted, the annex of a session; return what they say.

    The same session gives the same bytes, whenever and wherever this is called; nothing outside it is read.

    Raises:
        UsageError: the session was never frozen, or its folder can't be written.
        CheckFailed: a secret would have been written; no file is.
    """
    made = make(session, settings=settings, redact=redact, annex=session.annex)
    write_whole(session.aiop, [made.core.encode()])
    write_whole(session.run_card, [made.card.encode()])
    return made.package


def make(
    session: Session,
    *,
    settings: AiopSettings,
    redact: Redactor,
    origins: Mapping[str, Origin] = _NO_ORIGINS,
    annex: Path | None = None,
    most: int | None = None,
) -> Made:
    """Return the package of a session, and write nothing but its annex.

    Args:
        session: Was frozen when its run began.
        settings: How large the package may be, and what it holds.
        redact: Sees everything.
        origins: Where a setting comes from that is not the one of the run, by its name in `AiopSettings`.
        annex: Folder for the annex; None means: write none, whatever the policy.
        most: Entries of a kind, for a reader who looks at no more; None means: as many as there is room for. What is
            left out is counted as what there is no room for.

    Raises:
        UsageError: the session was never frozen, or the annex can't be written.
        CheckFailed: a secret would be in it.
    """
    told = _Telling(session, settings, redact, origins, annex, most)
    frozen = frozen_of(session)
    try:
        return told.made(frozen, read_events(session.events))
    except CheckFailed:
        # Everything was masked when it was kept, but not what has become a secret since.
        masked = Frozen.model_validate(redact(frozen.model_dump(mode="json")))
        return told.made(masked, map(redact, read_events(session.events)))


@dataclass(frozen=True)
class _Telling:
    """One session about to be told."""

    session: Session
    settings: AiopSettings
    redact: Redactor
    origins: Mapping[str, Origin]
    annex: Path | None
    most: int | None

    def made(self, frozen: Frozen, events: Iterable[dict[str, Any]]) -> Made:
        with ExitStack() as stack:
            annex = None
            if self.annex and self.settings.policy == "annex":
                annex = stack.enter_context(annexed(self.annex, self.settings.compress, self.redact))
            package = self._package(frozen, events, annex)
            core, card = _texts(package)
            if self.redact.leaks(core) or self.redact.leaks(card):
                raise CheckFailed(
                    "the record of the run would hold a secret, so it was not written",
                    where=str(self.session.folder),
                    hint="look for the secret in the pipeline's names and texts, and choose another one",
                )
        return Made(package, core, card)

    def _package(self, frozen: Frozen, events: Iterable[dict[str, Any]], annex: Annex | None) -> Aiop:
        limit = self.settings.max_core_bytes
        story = Story.told(
            events,
            most=self.most or limit // SMALLEST,
            compare=bool(frozen.previous or frozen.baseline),
            density=self.settings.timeline_density,
            listen=annex.keep if annex else None,
        )
        semantic = frozen.semantic | {"oml": self.redact.text(frozen.oml)}
        for node in semantic["nodes"]:
            node["status"] = story.stages.get(node["id"], node["status"])
        if annex:
            annex.meaning(semantic)
        semantic["oml"] = semantic["oml"][: limit // TEXT_SHARE]
        document: Document = {
            "@context": CONTEXT,
            "@id": f"urn:osiris:run:{frozen.run_id}",
            "@type": "Run",
            "run": _summary(story, frozen).model_dump(mode="json"),
            "evidence": story.evidence(self.settings.metrics_topk).model_dump(mode="json"),
            "semantic": semantic,
        }
        metadata = Metadata(
            osiris_version=story.started.get("osiris_version", ""),
            primer=PRIMER,
            glossary=GLOSSARY,
            config_effective=self._config(frozen),
            truncation=Truncation(max_core_bytes=limit),
            annex=annex.files() if annex else (),
            delta=delta_of(story, frozen.manifest_hash, semantic["fingerprints"], frozen.previous),
            norm=norm_of(story, frozen.baseline),
            controls=controls_of(story, frozen),
        )
        inputs = _inputs(self.session)
        totals = {f"evidence.{kind}": total for kind, total in story.totals.items()}
        totals |= {"semantic.oml": frozen.oml_chars}
        pointers = annex.pointers() if annex else {}
        for steps in TOLD:
            teller = Teller(semantic, frozen.intent, story, metadata.delta, metadata.norm, inputs, steps)
            shorter = _shortened(document, teller.narrative(), metadata, totals, pointers, most=self.most)
            if size(shorter) < limit:
                break
        return Aiop.model_validate(shorter)

    def _config(self, frozen: Frozen) -> dict[str, dict[str, Any]]:
        """Return the settings of the run, and those in their place that this package was asked for."""
        values = self.settings.model_dump(mode="json")
        asked = {f"aiop.{name}": {"value": values[name], "origin": self.origins[name]} for name in self.origins}
        return dict(sorted((frozen.config_effective | asked).items()))


def _texts(package: Aiop) -> tuple[str, str]:
    """Return the text of `aiop.json` and that of the run card."""
    core = canonical_json(package.model_dump(mode="json", by_alias=True)).decode()
    return f"{core}\n", run_card(package)


def _shortened(
    whole: Document,
    narrative: Narrative,
    metadata: Metadata,
    totals: Mapping[str, int],
    annex: Mapping[str, str],
    *,
    most: int | None,
) -> Document:
    document = {key: dict(value) if isinstance(value, dict) else value for key, value in whole.items()}
    document["narrative"] = narrative.model_dump(mode="json")
    document["metadata"] = metadata.model_dump(mode="json")
    limit = metadata.truncation.max_core_bytes
    if most is not None:
        totals = {**totals, **clip(document, most)}
    cuts = fit(document, limit, totals, annex)
    truncation = Truncation(truncated=bool(cuts), max_core_bytes=limit, cuts=cuts)
    sizes = {layer: size(document[layer]) for layer in LAYERS}
    hints = {layer: SizeHint(bytes=count, tokens=count // BYTES_PER_TOKEN) for layer, count in sizes.items()}
    document["metadata"] |= {
        "truncation": truncation.model_dump(mode="json"),
        "size_hints": {layer: hint.model_dump() for layer, hint in hints.items()},
    }
    return document


def _summary(story: Story, frozen: Frozen) -> Summary:
    ended = story.ended
    return Summary(
        run_id=frozen.run_id,
        pipeline=frozen.semantic["pipeline"],
        status=story.status,
        started_at=story.first.get("ts", ""),
        ended_at=ended.get("ts", ""),
        seconds=ended.get("seconds"),
        exit_code=ended.get("exit_code"),
        total_rows=story.total_rows,
        error_code=story.errors[0].code if story.errors else "",
        adapter=story.adapter,
        record=session_folder(frozen),
        events=story.records,
        events_missing=story.highest - story.records,
    )


def frozen_of(session: Session) -> Frozen:
    """Return what was kept of the world when a session's run began.

    Raises:
        UsageError: the session was never frozen.
    """
    try:
        return Frozen.model_validate(from_json(session.frozen.read_bytes()))
    except (OSError, ValueError) as exc:
        raise UsageError(
            f"cannot read {session.frozen.name} of the run",
            where=str(session.folder),
            hint="without it there is no package; the events are in events.jsonl",
        ) from exc


def _inputs(session: Session) -> tuple[Input, ...]:
    files = (session.manifest, session.oml, session.frozen, session.events)
    return tuple(_input(file) for file in files if file.is_file())


def _input(file: Path) -> Input:
    with file.open("rb") as content:
        return Input(path=file.name, sha256=file_digest(content, "sha256").hexdigest(), bytes=file.stat().st_size)
