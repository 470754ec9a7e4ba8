"""The manifest as a graph of meaning: what was to happen, whatever came of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from osiris.model.aiop import Edge, Intent, Node, Semantic, Shape, Used, Write
from osiris.model.catalogue import Column
from osiris.model.manifest import Manifest, ManifestStep


def semantic_of(manifest: Manifest, manifest_hash: str, components: Mapping[str, Used]) -> Semantic:
    """Return the layer of what is to run, with no step begun and without the pipeline's text."""
    return Semantic(
        pipeline=manifest.name,
        slug=manifest.slug,
        oml_version=manifest.oml_version,
        profile=manifest.profile,
        params=manifest.params,
        manifest_hash=manifest_hash,
        fingerprints=manifest.fingerprints.model_dump(),
        nodes=tuple(_nodes(manifest)),
        edges=tuple(_edges(manifest)),
        components=tuple(_components(manifest, components)),
        writes=tuple(Write(**entry.model_dump(exclude={"columns"})) for entry in manifest.writes),
        schemas={step.id: _shapes(step.columns) for step in manifest.steps if step.columns is not None},
        lineage={step.id: step.lineage for step in manifest.steps if step.lineage},
        notes=manifest.notes,
    )


def intent_of(manifest: Manifest) -> tuple[Intent, ...]:
    """Return what the manifest says was wanted; at least what it writes."""
    said = {"intent": manifest.metadata.intent, "description": manifest.metadata.description}
    found = tuple(
        Intent(text=text, source=f"manifest.metadata.{name}", trust="high") for name, text in said.items() if text
    )
    targets = ", ".join(entry.target for entry in manifest.writes) or "nothing"
    return found or (Intent(text=f"write {targets}", source="manifest.writes", trust="high"),)


def source_of(step: ManifestStep) -> str:
    """Return what a step reads outside: a connection with its table, or a path; empty where it reads steps only."""
    if step.mode != "read":
        return ""
    table, path = (str(step.config.get(key) or "") for key in ("table", "path"))
    if step.connection:
        return f"{step.connection}/{table or path}" if table or path else step.connection
    return path or step.component


def _nodes(manifest: Manifest) -> Iterator[Node]:
    for step in manifest.steps:
        yield Node(
            id=step.id,
            kind="step",
            component=step.component,
            mode=step.mode,
            output=step.output,
            status="not started",
        )
    for name in sorted({source_of(step) for step in manifest.steps} - {""}):
        yield Node(id=name, kind="source")
    for name in sorted({entry.target for entry in manifest.writes}):
        yield Node(id=name, kind="target")


def _shapes(columns: Iterable[Column]) -> tuple[Shape, ...]:
    return tuple(Shape(name=column.name, type=column.type) for column in columns)


def _edges(manifest: Manifest) -> Iterator[Edge]:
    targets = {entry.step_id: entry.target for entry in manifest.writes}
    for step in manifest.steps:
        if source := source_of(step):
            yield Edge(subject=step.id, relation="consumes", object=source)
        for name, giver in step.inputs.items():
            yield Edge(subject=step.id, relation="consumes", object=giver, name=name)
        for earlier in step.needs:
            yield Edge(subject=step.id, relation="depends_on", object=earlier)
        if step.id in targets:
            yield Edge(subject=step.id, relation="produces", object=targets[step.id])


def _components(manifest: Manifest, known: Mapping[str, Used]) -> Iterator[Used]:
    counted = Counter(step.component for step in manifest.steps)
    modes = {step.component: step.mode for step in manifest.steps}
    for name, steps in sorted(counted.items()):
        yield known.get(name, Used(name=name, steps=steps, mode=modes[name])).model_copy(update={"steps": steps})
