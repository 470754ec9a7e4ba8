"""What a component is: one verb, one typed configuration, one description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from osiris.kit.mapping import Reads, Writes
from osiris.kit.stream import Stream
from osiris.model.catalogue import Known, Table
from osiris.model.job import Marks
from osiris.model.loss import Mapped
from osiris.model.oml import Mode
from osiris.model.plan import TargetState
from osiris.model.receipt import Written
from osiris.model.spec import Example

Lineage = Mapping[str, tuple[str, ...]]


class Config(BaseModel):
    """Base of what a user may say to a component or a connection: closed and frozen.

    A `SecretStr` field is a secret. A field's `description` is what people, editors and models read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Connection(Config):
    """Base of the fields of one family's connections."""

    default: bool = False


@dataclass(frozen=True)
class Describe:
    """What a component says about itself.

    Attributes:
        name: `family.verb`.
        connection: Whether `config.connection` must, may or can't be given.
        sql: Dialect of `config.query`, as sqlglot spells it; empty where there is no query.
        llm_hints: Sentences that help a model to use the component well.
        types: The published table of what becomes of each type.
    """

    name: str
    title: str
    mode: Mode
    config: type[Config]
    connection: Literal["required", "optional", "none"] = "none"
    sql: str = ""
    version: str = "1.0.0"
    llm_hints: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    types: tuple[Reads | Writes, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a component may read and write files.

    Attributes:
        project: Folder that relative paths start from.
        scratch: Folder of this run's own, gone afterwards.
    """

    project: Path
    scratch: Path


@dataclass(frozen=True)
class Announced:
    """What a step would deliver.

    Attributes:
        schema: None where it can't be known without the source; `why` then says what is missing.
        fixed: Settings that the plan decides, such as the types of a text file's columns; they become
            part of the step's configuration.
        ddl: For a writer: the statement that makes its target where it is missing; empty for files.
        losses: Columns whose types don't stay what they are.
        safe: Whether a query in another language than SQL was seen to change nothing.
    """

    schema: pa.Schema | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    ddl: str = ""
    losses: tuple[Mapped, ...] = ()
    safe: bool = False


@dataclass(frozen=True)
class LocalFile:
    """A file that a component uses.

    Attributes:
        read: Whether the component needs what it holds.
        written: Whether the component changes it.
        beside: Endings of further files that belong to it while they are there, such as a database's log.
    """

    path: Path
    read: bool = True
    written: bool = False
    beside: tuple[str, ...] = ()


class Component(Protocol):
    """A component is made with `config`, `place` and, where it has one, `connection`: frozen, all of them.

    It moves nothing when it is made, and knows neither counters nor events nor the environment.
    """

    about: ClassVar[Describe]


@runtime_checkable
class Extractor(Component, Protocol):
    """Nothing in, rows out."""

    def announce(self, known: Known) -> Announced:
        """Return what would be delivered, from what is known alone: no file, no network, no secret, no connection.

        Raises:
            AuthorError: the settings don't fit what is known.
        """
        ...

    def extract(self) -> Stream:
        """Open the source and return its rows, unread.

        Raises:
            OutsideError: the source is missing, or refuses. Also while the stream is read.
        """
        ...


@runtime_checkable
class Surveyor(Extractor, Protocol):
    """An extractor whose source lies here, so that one look tells exactly what it would deliver."""

    def survey(self) -> Table:
        """Look at what would be read and return its columns.

        Raises:
            SourceError: the source is missing or is not what the settings say.
        """
        ...


@runtime_checkable
class Processor(Component, Protocol):
    """Rows in, rows out."""

    def announce(self, inputs: Mapping[str, pa.Schema]) -> Announced:
        """Return what would be delivered for inputs of these schemas.

        Raises:
            AuthorError: the settings don't fit the inputs.
        """
        ...

    def process(self, inputs: Mapping[str, Stream]) -> Stream:
        """Return the rows made from the inputs, unread. The caller closes the inputs."""
        ...


@runtime_checkable
class Local(Component, Protocol):
    """A component whose source or target is a file here: it has to travel where the component runs elsewhere."""

    def files(self) -> tuple[LocalFile, ...]:
        """Return its files, whether they are there or not; nothing is opened."""
        ...


class Staged(Protocol):
    """Rows that rest where only this writer knows, verified and complete."""

    written: Written

    def commit(self) -> Written:
        """Make the rows visible, all at once.

        Raises:
            TargetError: the target refuses; it is as it was.
        """
        ...

    def close(self) -> None:
        """Take back what was staged and not committed. Safe to call twice."""
        ...


@runtime_checkable
class Writer(Component, Protocol):
    """Rows in, nothing visible until the commit."""

    def announce(self, rows: pa.Schema) -> Announced:
        """Return what would be taken for rows of this schema, with the target's DDL.

        Raises:
            AuthorError: rows of this schema can't be written so, such as a key that is not among the columns.
        """
        ...

    def target(self) -> str:
        """Return the target's name: a path relative to the project, or `@family/table`; nothing is opened."""
        ...

    def look(self) -> TargetState:
        """Return what the target holds at present, read only.

        Raises:
            OutsideError: the target can't be reached.
        """
        ...

    def write(self, rows: Stream, marks: Marks) -> Staged:
        """Take all rows, stage and verify them.

        Raises:
            TargetError: the target refuses; it is as it was, and nothing stays staged.
            CheckFailed: what was staged is not what was taken, or a key is NULL or doubled.
        """
        ...
