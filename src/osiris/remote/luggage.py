"""Which files a job takes along, and how those that it wrote come back: all of them or none."""

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from osiris.kit import beside
from osiris.kit.component import Local, LocalFile, Place
from osiris.kit.registry import Registry
from osiris.model.errors import CheckFailed, ConfigError, OsirisError, RemoteError, TargetError
from osiris.model.job import Job, Marks
from osiris.remote.wire import Travelling

_ELSEWHERE = Path("/-osiris-")  # a project folder that is nowhere: a path that is not below it is not relative
_RIGHTS = 0o777


@dataclass(frozen=True)
class Piece:
    """One file of the project.

    Attributes:
        name: Relative to the project, with `/`.
        path: Where it really lies here.
        beside: Endings of files that belong to it while they are there.
    """

    step_id: str
    name: str
    path: Path
    read: bool
    written: bool
    beside: tuple[str, ...]

    @property
    def all(self) -> tuple[tuple[str, Path], ...]:
        """Return its name and path, and those of what lies beside it."""
        more = ((f"{self.name}{end}", self.path.with_name(f"{self.path.name}{end}")) for end in self.beside)
        return (self.name, self.path), *more

    @property
    def is_database(self) -> bool:
        """Return whether the file is changed in place, so that nobody else may change it meanwhile."""
        return self.read and self.written


@dataclass(frozen=True)
class Luggage:
    """The files of one job."""

    pieces: tuple[Piece, ...]
    _packed: dict[Path, object] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, job: Job, registry: Registry) -> "Luggage":
        """Return the files that the job's components name; what can't be built is for the worker to complain of.

        Raises:
            ConfigError: a file does not lie in the project, or a database that is to be written is open.
        """
        return cls(tuple(piece for step in job.manifest.steps for piece in _pieces(job, registry, step.id)))

    @property
    def back(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the files that each step writes."""
        steps = dict.fromkeys(piece.step_id for piece in self.pieces if piece.written)
        return {
            step_id: tuple(n for p in self.pieces if p.step_id == step_id and p.written for n, _ in p.all)
            for step_id in steps
        }

    def pack(self, out: IO[bytes]) -> int:
        """Write a tar file of everything that is read, and of the folders that are written to; return its size.

        Raises:
            ConfigError: a file can't be read, or somebody changes it.
        """
        with tarfile.open(fileobj=out, mode="w") as bundle:
            for folder in sorted(self._folders()):
                bundle.addfile(_directory(folder))
            for name, path in sorted({pair for piece in self.pieces if piece.read for pair in piece.all}):
                self._add(bundle, name, path)
            for path in (path for piece in self.pieces if piece.is_database for _, path in piece.all):
                self._packed.setdefault(path, None)
        return out.tell()

    def must_be_unchanged(self, piece: Piece) -> None:
        """Refuse to put a file in the place of one that somebody else has changed since it was packed.

        Raises:
            CheckFailed: somebody has.
        """
        for name, path in piece.all if piece.read else ():
            if self._packed.get(path) != _identity(path):
                raise CheckFailed(
                    f"{name} was changed by somebody else while the run went on elsewhere",
                    why="what came back was made from what it was before",
                    hint="run it again, with nobody else at work on it",
                )

    def _folders(self) -> set[str]:
        found = set()
        for piece in self.pieces:
            if piece.written and piece.path.parent.is_dir():
                found.add(Path(piece.name).parent.as_posix())
        return found - {"."}

    def _add(self, bundle: tarfile.TarFile, name: str, path: Path) -> None:
        try:
            before = _identity(path)
            if before is None or not path.is_file():
                return
            with path.open("rb") as file:
                member = bundle.gettarinfo(arcname=name, fileobj=file)
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                bundle.addfile(member, file)
        except OSError as exc:
            reason = (exc.strerror or str(exc)).lower()
            raise ConfigError(f"{name} can't be taken along: {reason}", hint="see that it can be read") from exc
        if _identity(path) != before:
            raise ConfigError(f"{name} changes while it is packed", hint="run it again when nobody writes to it")
        self._packed[path] = before


@dataclass
class Arrival:
    """Files that came back, staged beside their targets.

    Attributes:
        luggage: What they belong to.
        run_id: Names them, so that a later run can tell what a killed one left behind.
        going_on: Raises what speaks against going on; asked between chunks.
        placed: Names of the files that are in their places.
    """

    luggage: Luggage
    run_id: str
    going_on: Callable[[], object] = lambda: None
    placed: set[str] = field(default_factory=set)
    _staged: dict[str, tuple[Piece, Path, IO[bytes]]] = field(default_factory=dict)
    _folders: list[Path] = field(default_factory=list)

    def take(self, file: Travelling, content: Iterable[bytes]) -> None:
        """Stage one file and hold it against what the worker says of it.

        Raises:
            RemoteError: the job writes no such file, or it did not arrive as it was sent.
            TargetError: this system refuses.
        """
        piece = next((p for p in self.luggage.pieces if p.written and p.name == file.name), None)
        if piece is None:
            raise RemoteError(
                f"the worker sends {file.name}, which is not a target of the pipeline",
                hint="a database that it left open can't come back; run the pipeline here",
            )
        with _writing(file.name):
            self._folders += beside.make(piece.path.parent)
            beside.clear(piece.path)
            path, out = beside.begin(piece.path, Marks(self.run_id, piece.step_id))
            self._staged[file.name] = (piece, path, out)
            if piece.path.exists():
                with suppress(PermissionError):  # a system without such rights
                    path.chmod(piece.path.stat().st_mode & _RIGHTS)
        self._fill(file, content, out)

    def commit(self) -> None:
        """Put every file in its target's place.

        Raises:
            CheckFailed: somebody else has changed a target that was to be added to; all are as they were.
            TargetError: this system refuses.
        """
        with ExitStack() as held:
            for folder in sorted({piece.path.parent.resolve() for piece, _, _ in self._staged.values()}):
                held.enter_context(beside.alone(folder))
            self._place()

    def _place(self) -> None:
        for piece, _, _ in self._staged.values():
            self.luggage.must_be_unchanged(piece)
        for name in list(self._staged):
            piece, path, out = self._staged[name]
            with _writing(name):
                beside.put(path, out, piece.path)
            del self._staged[name]
            self.placed.add(name)
            out.close()
            self._folders.clear()

    def close(self) -> None:
        """Take away what was not put in its place. Safe to call twice."""
        for _, path, out in self._staged.values():
            with suppress(OSError):
                out.close()
            with suppress(OSError):
                path.unlink()
        self._staged.clear()
        beside.remove(self._folders)
        self._folders.clear()

    def _fill(self, file: Travelling, content: Iterable[bytes], out: IO[bytes]) -> None:
        found = hashlib.sha256()
        for chunk in content:
            self.going_on()
            found.update(chunk)
            with _writing(file.name):
                out.write(chunk)
        with _writing(file.name):
            out.flush()
            os.fsync(out.fileno())
        if found.hexdigest() != file.sha256:
            raise RemoteError(f"{file.name} did not arrive as it was sent", hint="run it again")


def _pieces(job: Job, registry: Registry, step_id: str) -> Iterator[Piece]:
    here, there = (_files(job, registry, step_id, folder) for folder in (job.project, _ELSEWHERE))
    for file, named in zip(here, there, strict=True):
        normal = Path(os.path.normpath(named.path))
        if not normal.is_relative_to(_ELSEWHERE):
            raise ConfigError(
                f"{named.path} can't be taken along",
                where=f"step {step_id}",
                why="only files of the project travel, by paths that start in its folder",
                hint="move it into the project and name it so, or run the pipeline here",
            )
        name = normal.relative_to(_ELSEWHERE).as_posix()
        piece = Piece(step_id, name, file.path, file.read, file.written, file.beside)
        if piece.is_database:
            _must_be_closed(piece)
        yield piece


def _files(job: Job, registry: Registry, step_id: str, project: Path) -> tuple[LocalFile, ...]:
    step = job.manifest.step(step_id)
    config = {**step.config, **job.sensitive.settings.get(step_id, {})}
    fields = job.connections.get(step.connection) if step.connection else None
    try:
        component = registry.build(step.component, config, Place(project=project, scratch=project), fields)
    except (OsirisError, ValidationError):
        return ()
    return component.files() if isinstance(component, Local) else ()


def _must_be_closed(piece: Piece) -> None:
    for name, path in piece.all[1:]:
        if path.is_file() and path.stat().st_size:
            raise ConfigError(
                f"{piece.name} is open: {name} lies beside it",
                why="a database that a run elsewhere writes travels whole, and comes back whole",
                hint="close the program that has it open, or run the pipeline here",
            )


def _identity(path: Path) -> object:
    return beside.identity(path.stat()) if path.exists() else None


def _directory(name: str) -> tarfile.TarInfo:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    return folder


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise TargetError(
            f"{name} can't be put in its place: {(exc.strerror or str(exc)).lower()}",
            hint="see that the disk has room and the folder may be written",
        ) from exc
