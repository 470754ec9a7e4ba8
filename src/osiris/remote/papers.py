"""The certificates and keys that connections name: read here, held in memory there, never a file of the sandbox."""

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osiris.kit.named_files import Names, named_files, renamed
from osiris.kit.registry import Registry
from osiris.model.connection import parse_reference
from osiris.model.errors import ConfigError
from osiris.model.job import Job

MOST_BYTES = 1_048_576  # of one file; the certificates of all authorities together have a quarter of that
_OWNER = 0o600  # drivers refuse a key that others may read

Named = dict[str, tuple[tuple[Names, str], ...]]


@dataclass(frozen=True)
class Papers:
    """The files that a job's connections name.

    Attributes:
        named: As they travel.
        secrets: What the keys among them hold.
    """

    named: Named
    secrets: tuple[str, ...]

    @classmethod
    def of(cls, job: Job, registry: Registry) -> "Papers":
        """Return them, read.

        Raises:
            ConfigError: one can't be read, or is too large for what it should be.
        """
        named: Named = {}
        secrets: list[str] = []
        for connection, fields in job.connections.items():
            model = registry.family(parse_reference(connection).family).connection
            found = []
            for file in named_files(model, fields, job.project):
                content = _content(file.path, f"{connection} {'.'.join(file.field)}")
                found.append((file.field, base64.b64encode(content).decode()))
                if file.secret:
                    secrets.append(content.decode("utf-8", "replace"))
            if found:
                named[connection] = tuple(found)
        return cls(named, tuple(secrets))


def held(connections: Mapping[str, Mapping[str, Any]], named: Named) -> dict[str, dict[str, Any]]:
    """Return connections whose files are held in this process's memory, for as long as it lives.

    A driver opens them by a path of the process's own, which no other user can, and which is gone with it.

    Raises:
        ValueError: this system has no such files.
        OSError: it has no room.
    """
    return {name: renamed(fields, dict(_paths(named.get(name, ())))) for name, fields in connections.items()}


def _paths(files: tuple[tuple[Names, str], ...]) -> Iterator[tuple[Names, str]]:
    for field, content in files:
        if not hasattr(os, "memfd_create"):
            raise ValueError("this system can't hold a file in memory")
        number = os.memfd_create(".".join(field))
        os.fchmod(number, _OWNER)
        with os.fdopen(os.dup(number), "wb") as out:
            out.write(base64.b64decode(content))
        yield field, f"/proc/{os.getpid()}/fd/{number}"


def _content(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise ConfigError(f"{path.name} can't be read: {reason}", where=where, hint="see that it may be read") from exc
    if len(content) > MOST_BYTES:
        raise ConfigError(
            f"{path.name} has more than {MOST_BYTES:,} bytes",
            where=where,
            why="what a connection names as a certificate or a key travels with the job",
            hint="name a file of certificates, or run the pipeline here",
        )
    return content
