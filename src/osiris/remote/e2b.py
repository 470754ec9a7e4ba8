"""E2B's sandboxes through its official client: the only place that knows it. It is imported when first needed."""

import importlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, ClassVar

from osiris.model.errors import (
    ConfigError,
    ConnectError,
    ExtraMissing,
    OsirisError,
    RemoteBusy,
    RemoteError,
    SecretMissing,
)

KEY = "E2B_API_KEY"
BASE = "base"  # the provider's own template, which holds Python and pip
PYTHON = "3.12"  # of our templates
STDIN_CHUNK = 262_144
AT_ONCE = 5.0  # seconds for the request that kills a sandbox when somebody leaves at once
MARK = "osiris"  # name of the metadata that tells our sandboxes from others


class Gone(RemoteError):
    """The sandbox does not exist any more."""


class Missing(RemoteError):
    """The sandbox has no such file, or no such command."""


class Cut(RemoteError):
    """The line to the sandbox is cut; the sandbox may live."""


@dataclass(frozen=True)
class Access:
    """How to reach the provider.

    Attributes:
        domain: Of a provider of one's own; empty for E2B's.
        api_url: For a server that has no domain.
        sandbox_url: The same, for its sandboxes.
    """

    key: str = field(repr=False)
    domain: str = ""
    api_url: str = ""
    sandbox_url: str = ""

    def options(self) -> dict[str, str]:
        """Return them as the client wants them."""
        named = {
            "api_key": self.key, "domain": self.domain, "api_url": self.api_url, "sandbox_url": self.sandbox_url,
        }  # fmt: skip
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Listed:
    """A sandbox that exists."""

    sandbox_id: str
    template: str
    started_at: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Template:
    """A template that exists.

    Attributes:
        status: `ready` where sandboxes can be made from it.
    """

    name: str
    cpu: int
    memory_mb: int
    status: str
    built_at: str


@dataclass(frozen=True)
class Recipe:
    """What a template is made from.

    Attributes:
        folder: Holds the wheel and the constraints.
        extras: Of the wheel.
        cpu: None leaves it to the provider; so does `memory_mb`.
    """

    name: str
    folder: Path
    wheel: str
    constraints: str
    extras: tuple[str, ...]
    cpu: int | None = None
    memory_mb: int | None = None


@dataclass(frozen=True)
class Cloud:
    """The provider."""

    access: Access

    def create(self, template: str, seconds: int, metadata: Mapping[str, str]) -> "Box":
        """Start a sandbox.

        Args:
            template: Name of the template.
            seconds: After which the provider ends it, whatever happens here.
            metadata: By which it is found again.

        Raises:
            ConfigError: there is no such template.
            RemoteBusy: there is no room at present.
            ConnectError: the key is refused.
        """
        with self._telling("start a sandbox"):
            try:
                made = self._sdk.Sandbox.create(
                    template=template, timeout=seconds, metadata=dict(metadata), **self.access.options()
                )
            except self._sdk.SandboxException as exc:
                if exc.status_code == HTTPStatus.NOT_FOUND:
                    raise _no_template(template) from exc
                raise
        return Box(made, self._telling)

    def sandboxes(self) -> tuple[Listed, ...]:
        """Return the sandboxes that Osiris has started and that still exist."""
        found = []
        with self._telling("list the sandboxes"):
            pages = self._sdk.Sandbox.list(
                query=self._sdk.SandboxQuery(metadata={MARK: "run"}), **self.access.options()
            )
            while pages.has_next:
                found += pages.next_items()
        return tuple(
            Listed(
                sandbox_id=info.sandbox_id,
                template=info.name or info.template_id,
                started_at=info.started_at.isoformat(timespec="seconds"),
                metadata=info.metadata,
            )
            for info in found
        )

    def kill(self, sandbox_id: str) -> bool:
        """End a sandbox; False where there is none."""
        with self._telling("end a sandbox"):
            return bool(self._sdk.Sandbox.kill(sandbox_id, request_timeout=AT_ONCE, **self.access.options()))

    def templates(self) -> tuple[Template, ...]:
        """Return the account's templates, by name."""
        with self._telling("list the templates"):
            get = importlib.import_module("e2b.api.client.api.templates.get_templates")
            client = importlib.import_module("e2b.api.client_sync").get_api_client(
                self._sdk.ConnectionConfig(**self.access.options())
            )
            reply = get.sync_detailed(client=client)
            if reply.status_code != HTTPStatus.OK:
                raise importlib.import_module("e2b.api").handle_api_exception(reply)
        lines = (
            Template(
                name=(template.aliases or template.names or [template.template_id])[0],
                cpu=template.cpu_count,
                memory_mb=template.memory_mb,
                status=str(template.build_status.value),
                built_at=template.updated_at.isoformat(timespec="seconds"),
            )
            for template in reply.parsed
        )
        return tuple(sorted(lines, key=lambda line: line.name))

    def build(self, recipe: Recipe, listen: Callable[[str], object]) -> str:
        """Build a template; returns its id.

        Args:
            recipe: What it is made from.
            listen: Called with each line that the provider's builder says.

        Raises:
            RemoteError: the build failed.
        """
        with self._telling("build the template"):
            extras = f"[{','.join(recipe.extras)}]" if recipe.extras else ""
            template = (
                self._sdk.Template(file_context_path=recipe.folder)
                .from_python_image(PYTHON)
                .copy(recipe.wheel, f"/opt/osiris/{recipe.wheel}")
                .copy(recipe.constraints, f"/opt/osiris/{recipe.constraints}")
                .run_cmd(
                    "pip install --no-cache-dir --disable-pip-version-check "
                    f"--constraint /opt/osiris/{recipe.constraints} '/opt/osiris/{recipe.wheel}{extras}'",
                    user="root",
                )
            )
            made = self._sdk.Template.build(
                template,
                recipe.name,
                cpu_count=recipe.cpu,
                memory_mb=recipe.memory_mb,
                on_build_logs=lambda entry: listen(entry.message),
                **self.access.options(),
            )
        return str(made.template_id)

    @cached_property
    def _sdk(self) -> Any:
        if not self.access.key:
            raise SecretMissing(
                f"{KEY} is not set",
                why="E2B starts no sandbox without a key",
                hint=f"export {KEY}, or put it into .env",
            )
        try:
            return importlib.import_module("e2b")
        except ImportError as exc:
            raise ExtraMissing(
                "the client of E2B is not installed", hint="install it with `pip install 'osiris-etl[e2b]'`"
            ) from exc

    @contextmanager
    def _telling(self, doing: str) -> Iterator[None]:
        """Say what the client complains of in the user's words."""
        try:
            yield
        except OsirisError:
            raise
        except Exception as exc:
            if not (error := _translated(self._sdk, exc, doing)):
                raise
            raise error from exc


@dataclass
class Command:
    """A command in a sandbox."""

    pid: int
    handle: Any


@dataclass
class Box:
    """One sandbox."""

    sandbox: Any
    _telling: Callable[[str], Any]

    @property
    def sandbox_id(self) -> str:
        """Return the provider's name for it."""
        return str(self.sandbox.sandbox_id)

    def resources(self) -> tuple[int, int]:
        """Return how many processors it has, and how much memory, in MiB."""
        with self._telling("look at the sandbox"):
            info = self.sandbox.get_info()
        return int(info.cpu_count), int(info.memory_mb)

    def put(self, path: str, content: IO[bytes]) -> None:
        """Write a file; folders are made. Relative paths begin in the home folder."""
        with self._telling("send files into the sandbox"):
            self.sandbox.files.write(path, content)

    def read(self, path: str) -> Generator[bytes]:
        """Yield the content of a file.

        Raises:
            RemoteError: it can't be read any more.
        """
        with self._telling("fetch files from the sandbox"), self.sandbox.files.read(path, format="stream") as stream:
            yield from stream

    def run(self, command: str) -> tuple[int, str]:
        """Run a command to its end; returns its exit code and the last line that it said."""
        with self._telling("run a command in the sandbox"):
            said: list[str] = []
            handle = self.sandbox.commands.run(f"{command} 2>&1", background=True, timeout=0, retain_output=False)
            for out, _, _ in handle:
                said = [*said, *(out or "").split("\n")][-20:]
            words = [line.strip() for line in said if line.strip()]
        return self.exit_code(handle), words[-1] if words else ""

    def start(self, command: str) -> Command:
        """Start a command that hears what is sent to it, and is not ended after a minute."""
        with self._telling("start the worker"):
            handle = self.sandbox.commands.run(command, background=True, stdin=True, timeout=0, retain_output=False)
        return Command(int(handle.pid), handle)

    def again(self, pid: int) -> Command:
        """Hear again what a command says from now on."""
        with self._telling("reach the worker again"):
            return Command(pid, self.sandbox.commands.connect(pid, timeout=0, retain_output=False))

    def hear(self, command: Command) -> Iterator[tuple[str, str]]:
        """Yield what a command says, on its output and on its error output, as it comes.

        Raises:
            Cut: the line is cut.
            Gone: the sandbox is gone.
        """
        with self._telling("hear the worker"):
            for out, err, _ in command.handle:
                yield out or "", err or ""

    def exit_code(self, handle: Any) -> int:
        """Return the exit code of a command that ended.

        Raises:
            Cut: it did not end; the line is cut.
        """
        try:
            return int(handle.wait().exit_code)
        except Exception as exc:
            if (code := getattr(exc, "exit_code", None)) is not None:
                return int(code)
            raise Cut("the line to the sandbox is cut") from exc

    def tell(self, pid: int, said: bytes) -> None:
        """Write to a command's input."""
        with self._telling("talk to the worker"):
            for start in range(0, len(said), STDIN_CHUNK):
                self.sandbox.commands.send_stdin(pid, said[start : start + STDIN_CHUNK])

    def kill(self) -> None:
        """End the sandbox. Safe to call twice."""
        with self._telling("end the sandbox"):
            self.sandbox.kill()


@dataclass(frozen=True)
class _Rule:
    """What becomes of one of the client's exceptions."""

    names: tuple[str, ...]
    error: type[OsirisError]
    message: str
    hint: str

    BUSY: ClassVar[str] = "wait a little, end other sandboxes (`osiris e2b sweep`), or raise your account's limits"


_RULES = (
    _Rule(("AuthenticationException",), ConnectError, "E2B refuses the key", f"set {KEY} to a key of your account"),
    _Rule(("RateLimitException",), RemoteBusy, "E2B gives no more at present", _Rule.BUSY),
    _Rule(("ServiceBusyException",), RemoteBusy, "E2B has no room at present", _Rule.BUSY),
    _Rule(
        ("NotEnoughSpaceException",), RemoteError, "the sandbox's disk is full",
        "build a template with more disk, or move fewer rows",
    ),
    _Rule(
        ("SandboxNotRunningException", "SandboxNotFoundException"), Gone, "the sandbox is gone",
        "if the run needs longer, raise --e2b-timeout",
    ),
    _Rule(("NotFoundException",), Missing, "the sandbox has no such thing", "run it again"),
    _Rule(
        ("SandboxUnreachableException", "TimeoutException"), Cut, "the sandbox does not answer",
        "see whether the network is up, and run it again",
    ),
)  # fmt: skip


def _translated(sdk: Any, exc: Exception, doing: str) -> OsirisError | None:
    """Return the error that an exception of the client, or of the network below it, stands for; None for a fault."""
    why = f"while Osiris wanted to {doing}: {_first_line(exc)}"
    for rule in _RULES:
        if any(isinstance(exc, getattr(sdk, name, ())) for name in rule.names):
            return rule.error(rule.message, why=why, hint=rule.hint)
    network = importlib.import_module("httpx").TransportError
    if isinstance(exc, (OSError, network)):
        return RemoteBusy("E2B can't be reached", why=why, hint="see whether the network is up, and run it again")
    if isinstance(exc, (sdk.SandboxException, sdk.BuildException)):
        return RemoteError(f"E2B refuses to {doing}", why=_first_line(exc), hint="see what E2B's dashboard says")
    return None


def _first_line(exc: Exception) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0][:300] if lines else type(exc).__name__


def _no_template(name: str) -> ConfigError:
    return ConfigError(
        f"your account has no template {name!r}",
        hint="build it with `osiris e2b template build` and the same processors and memory, "
        "or run with --e2b-install-deps",
    )
