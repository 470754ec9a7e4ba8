"""All that must be right before the first row moves: connections and components."""

from pathlib import Path

from pydantic import ValidationError

from osiris.kit.component import Component, Extractor, Place, Processor, Writer
from osiris.kit.registry import Registry
from osiris.model.connection import parse_reference
from osiris.model.errors import ConfigError, OsirisError, StepFailed
from osiris.model.events import ConnectionResolveComplete, ConnectionResolveStart
from osiris.model.job import Job
from osiris.model.manifest import ManifestStep
from osiris.runtime.voice import Voice

_VERBS: dict[str, type] = {"read": Extractor, "transform": Processor, "write": Writer}


def resolve(job: Job, registry: Registry, say: Voice) -> None:
    """Hold the fields of each connection against its family.

    Raises:
        ConfigError: a connection is not there, or not complete.
    """
    for name in sorted({step.connection for step in job.manifest.steps if step.connection}):
        say(ConnectionResolveStart(connection=name))
        if name not in job.connections:
            raise ConfigError(f"the run was given no connection {name}", hint="add it to osiris_connections.yaml")
        registry.connect(parse_reference(name).family, job.connections[name])
        say(ConnectionResolveComplete(connection=name))


def build(job: Job, registry: Registry, scratch: Path) -> dict[str, Component]:
    """Make all components, each with a scratch folder of its own.

    Raises:
        StepFailed: a step has no component of its kind, or not these settings.
    """
    components = {}
    for number, step in enumerate(job.manifest.steps, 1):
        own = scratch / f"step-{number}"
        own.mkdir(parents=True)
        try:
            components[step.id] = _build(job, registry, step, Place(project=job.project, scratch=own))
        except OsirisError as exc:
            raise StepFailed(step.id, exc) from exc
    return components


def _build(job: Job, registry: Registry, step: ManifestStep, place: Place) -> Component:
    connection = job.connections[step.connection] if step.connection else None
    config = {**step.config, **job.sensitive.settings.get(step.id, {})}
    try:
        component = registry.build(step.component, config, place, connection)
    except ValidationError as exc:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors())
        raise ConfigError(
            f"its settings don't fit {step.component}: {faults}", hint="compile the pipeline again"
        ) from None
    if not isinstance(component, _VERBS[step.mode]):
        raise ConfigError(f"{step.component} can't {step.mode}", hint="compile the pipeline again")
    if step.mode == "write" and len(step.inputs) != 1:
        raise ConfigError(
            f"it takes the rows of one step, not of {len(step.inputs)}", hint="compile the pipeline again"
        )
    return component
