"""Everything that a package may leave out: beside it, one file a kind of thing, one JSON object a line."""

import gzip
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol

from osiris.model.aiop import AnnexFile, Piece
from osiris.model.canonical import canonical_json
from osiris.model.errors import CheckFailed, UsageError
from osiris.observe.redact import Redactor

Packing = Literal["none", "gzip", "zstd"]
SUFFIX: dict[Packing, str] = {"none": "", "gzip": ".gz", "zstd": ".zst"}
KINDS = ("timeline", "metrics", "errors", "artifacts", "checks", "receipts", "semantic")


class _Out(Protocol):
    def write(self, data: bytes, /) -> object: ...
    def close(self) -> object: ...


@dataclass
class _File:
    out: _Out
    name: str
    records: int = 0
    size: int = 0
    digest: Any = field(default_factory=sha256)

    def write(self, line: bytes) -> None:
        self.out.write(line)
        self.digest.update(line)
        self.records += 1
        self.size += len(line)

    def told(self, folder: str) -> AnnexFile:
        return AnnexFile(
            path=f"{folder}/{self.name}", records=self.records, sha256=self.digest.hexdigest(), bytes=self.size
        )


@dataclass
class Annex:
    """Files that grow line by line while a run's events are read.

    Attributes:
        folder: Where they lie in the end; its name is the one that the package gives.
        redact: Looks at each line; a secret in one is an error.
    """

    folder: Path
    redact: Redactor
    _files: dict[str, _File] = field(default_factory=dict)

    def keep(self, kind: str, piece: Piece) -> None:
        """Write one piece of evidence.

        Raises:
            CheckFailed: it holds a secret.
        """
        self.write(kind, piece.model_dump(mode="json"))

    def write(self, kind: str, value: dict[str, Any]) -> None:
        """Write one line.

        Raises:
            CheckFailed: it holds a secret.
        """
        line = canonical_json(value)
        if self.redact.leaks(line.decode()):
            raise CheckFailed("a line of the annex would hold a secret", hint="choose another secret")
        self._files[kind].write(line + b"\n")

    def meaning(self, semantic: dict[str, Any]) -> None:
        """Write the semantic layer, one entry a line."""
        for part, entries in semantic.items():
            for key, value in _entries(entries):
                self.write("semantic", {"part": part, "key": key, "value": value})

    def files(self) -> tuple[AnnexFile, ...]:
        """Return what was written, by name."""
        return tuple(sorted((file.told(self.folder.name) for file in self._files.values()), key=lambda one: one.path))

    def pointers(self) -> dict[str, str]:
        """Return the place in a package to the file that holds all of it."""
        paths = {kind: f"{self.folder.name}/{file.name}" for kind, file in self._files.items()}
        semantic = paths.pop("semantic")
        return {f"evidence.{kind}": path for kind, path in paths.items()} | {"semantic": semantic}


@contextmanager
def annexed(folder: Path, packing: Packing, redact: Redactor) -> Iterator[Annex]:
    """Lend an annex; its folder is there, in place of an older one, once the block has ended well.

    Raises:
        UsageError: the folder can't be written.
    """
    draft = folder.with_name(f".{folder.name}.draft")
    annex = Annex(folder, redact)
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with ExitStack() as stack:
            for kind in KINDS:
                name = f"{kind}.ndjson{SUFFIX[packing]}"
                annex._files[kind] = _File(stack.enter_context(_open(draft / name, packing)), name)
            yield annex
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    except OSError as exc:
        raise UsageError(
            f"cannot write {folder.name}: {exc.strerror}",
            where=str(folder),
            hint="check the folder, its rights and the room on the disk",
        ) from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _open(file: Path, packing: Packing) -> Iterator[_Out]:
    """Open a file whose bytes depend on what is written only: no name and no time is in it."""
    with file.open("wb") as raw:
        match packing:
            case "none":
                yield raw
            case "gzip":
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                    yield packed
            case "zstd":
                import pyarrow as pa  # noqa: PLC0415 - a tenth of a second that only this case needs

                with pa.CompressedOutputStream(pa.PythonFile(raw, "w"), "zstd") as packed:
                    yield packed


def _entries(value: Any) -> Iterable[tuple[str, Any]]:
    match value:
        case dict():
            return value.items()
        case list() | tuple():
            return ((str(place), item) for place, item in enumerate(value))
    return (("", value),)
