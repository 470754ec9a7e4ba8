"""Where a run takes place, and with what."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from osiris.app.project import Project
from osiris.model.errors import UsageError
from osiris.remote.e2b import KEY, Access
from osiris.remote.process import ChildProcess
from osiris.remote.sandbox import SECONDS, E2b, Sized
from osiris.remote.wire import NO_LIMITS, Limits
from osiris.runtime.target import Here, Target

Where = Literal["here", "isolated", "e2b"]


class Elsewhere(BaseModel):
    """Ask that a run takes place somewhere.

    Attributes:
        where: `here` for this process, `isolated` for a child of it, `e2b` for a sandbox of E2B's.
        limits: Of a child process.
        cpu: Processors of a sandbox; None takes what its template has, as with the next one.
        memory_gb: GiB of memory of a sandbox.
        seconds: Life of a sandbox.
        install: Whether Osiris is sent into the sandbox and installed there.
        environment: Variables for the connectors in a sandbox.
        passed: Names of variables of this side that they are given, too.
    """

    model_config = ConfigDict(frozen=True)

    where: Where = "here"
    limits: Limits = NO_LIMITS
    cpu: int | None = Field(default=None, gt=0)
    memory_gb: int | None = Field(default=None, gt=0)
    seconds: int = Field(default=SECONDS, gt=0)
    install: bool = False
    environment: dict[str, str] = Field(default={}, repr=False)
    passed: tuple[str, ...] = ()


HERE = Elsewhere()


def target_of(project: Project, asked: Elsewhere) -> Target:
    """Return the place that was asked for; nothing is started.

    Raises:
        UsageError: a variable to pass on is not set.
    """
    stop = project.door.stop
    match asked.where:
        case "here":
            return Here(project.registry, stop)
        case "isolated":
            return ChildProcess(project.environment.passed_on(), limits=asked.limits, stop=stop)
        case "e2b":
            passed = passed_values(project, asked)
            sized = Sized(
                cpu=asked.cpu,
                memory_gb=asked.memory_gb,
                seconds=asked.seconds,
                install=asked.install,
                environment=asked.environment | passed,
                secrets=tuple(passed.values()),
            )
            return E2b(project.registry, access(project), sized, stop)


def passed_values(project: Project, asked: Elsewhere) -> dict[str, str]:
    """Return the variables to pass on, with their values.

    Raises:
        UsageError: one is not set.
    """
    if missing := [name for name in asked.passed if not project.environment.get(name)]:
        raise UsageError(f"{missing[0]} is not set, so it can't be passed on", hint=f"export {missing[0]}")
    return {name: project.environment.get(name) for name in asked.passed}


def access(project: Project) -> Access:
    """Return how to reach E2B, from the variables that its own tools use."""
    get = project.environment.get
    return Access(get(KEY), get("E2B_DOMAIN"), get("E2B_API_URL"), get("E2B_SANDBOX_URL"))
