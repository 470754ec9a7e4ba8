"""A family that moves nothing, and a shop that it knows: what the compiler needs to be tried without a source."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow as pa
import yaml
from pydantic import Field, SecretStr, field_validator, model_validator

from osiris.compiler.compile import PASSES, Compiled, Given, compile_pipeline
from osiris.compiler.draft import Draft
from osiris.kit.arrow import schema_of
from osiris.kit.component import Announced, Config, Connection, Describe, Place
from osiris.kit.family import Family
from osiris.kit.registry import Registry
from osiris.kit.stream import Stream
from osiris.model.catalogue import Catalogue, Column, Known, Table
from osiris.model.errors import AuthorError
from osiris.model.job import Marks
from osiris.model.manifest import ManifestStep
from osiris.model.plan import TargetState


class ToyConnection(Connection):
    host: str = "localhost"
    password: SecretStr | None = None


class ToyRead(Config):
    table: str = ""
    query: str = ""
    path: str = Field(default="", description="A file, relative to the project.")
    columns: list[str] | dict[str, str] = Field(default=[])
    limit: int | None = Field(default=None, ge=0)
    token: SecretStr | None = None
    settled: dict[str, str] = Field(default={})

    @model_validator(mode="after")
    def _one_source(self) -> "ToyRead":
        if self.table and self.query:
            raise ValueError("write either `query` or `table`")
        return self


class ToyMix(Config):
    query: str = ""
    ratio: float = 0.5
    strict: bool = False


class ToyWrite(Config):
    table: str = Field(description="The table to write.")
    table_schema: str = Field(default="", alias="schema")
    write_mode: Literal["append", "replace", "merge"] = "append"
    primary_key: list[str] = Field(default=[])
    nested: dict[str, int] = Field(default={})

    @field_validator("table")
    @classmethod
    def _is_short(cls, table: str) -> str:
        if len(table) > 20:
            raise ValueError("it is too long")
        return table


@dataclass(frozen=True)
class ToyReader:
    """Announce what was surveyed."""

    about: ClassVar[Describe] = Describe(
        name="toy.reader", title="Read", mode="read", config=ToyRead, connection="optional", sql="sqlite"
    )
    config: ToyRead
    place: Place
    connection: ToyConnection | None = None

    def announce(self, known: Known) -> Announced:
        if known.survey is None:
            return Announced(why=known.why)
        schema = schema_of(known.survey.columns)
        return Announced(schema=schema, fixed={"settled": {field.name: str(field.type) for field in schema}})

    def extract(self) -> Stream:
        raise AssertionError("nothing runs here")


@dataclass(frozen=True)
class ToyMixer:
    """Announce the columns of all inputs, one after the other."""

    about: ClassVar[Describe] = Describe(name="toy.mixer", title="Mix", mode="transform", config=ToyMix)
    config: ToyMix
    place: Place

    def announce(self, inputs: Mapping[str, pa.Schema]) -> Announced:
        if self.config.strict:
            raise AuthorError("the inputs don't mix", hint="set `strict: false`")
        if self.config.ratio > 1:
            raise AuthorError("too much", where="ratio")
        fields = {field.name: field for schema in inputs.values() for field in schema}
        return Announced(schema=pa.schema(list(fields.values())))

    def process(self, inputs: Mapping[str, Stream]) -> Stream:
        raise AssertionError("nothing runs here")


@dataclass(frozen=True)
class ToyWriter:
    """Announce a table of the rows."""

    about: ClassVar[Describe] = Describe(
        name="toy.writer", title="Write", mode="write", config=ToyWrite, connection="required"
    )
    config: ToyWrite
    place: Place
    connection: ToyConnection | None = None

    def announce(self, rows: pa.Schema) -> Announced:
        for name in self.config.primary_key:
            if name not in rows.names:
                raise AuthorError(f"`primary_key` names {name!r}, which is not among the columns")
        ddl = f"CREATE TABLE {self.config.table} ({', '.join(rows.names)})"
        return Announced(schema=rows, ddl=ddl)

    def target(self) -> str:
        return f"@toy/{self.config.table}"

    def look(self) -> TargetState:
        raise AssertionError("nothing is looked at here")

    def write(self, rows: Stream, marks: Marks) -> Any:
        raise AssertionError("nothing runs here")


@dataclass(frozen=True)
class ToyFiler:
    """Announce a file of the rows."""

    about: ClassVar[Describe] = Describe(
        name="toy.filer", title="File", mode="write", config=ToyRead, connection="optional"
    )
    config: ToyRead
    place: Place
    connection: ToyConnection | None = None

    def announce(self, rows: pa.Schema) -> Announced:
        return Announced(schema=rows)

    def target(self) -> str:
        return self.config.path

    def look(self) -> TargetState:
        raise AssertionError("nothing is looked at here")

    def write(self, rows: Stream, marks: Marks) -> Any:
        raise AssertionError("nothing runs here")


@dataclass(frozen=True)
class ToyOdd:
    """Say that it reads, and do nothing of the kind."""

    about: ClassVar[Describe] = Describe(name="toy.odd", title="Odd", mode="read", config=ToyMix)
    config: ToyMix
    place: Place


TOY = Family(
    name="toy",
    title="Toys",
    components=(ToyReader, ToyMixer, ToyWriter, ToyFiler, ToyOdd),
    connection=ToyConnection,
)
INSTALLED = Registry.installed().loaders
REGISTRY = Registry({"toy": lambda: TOY} | {name: INSTALLED[name] for name in ("duckdb", "filesystem")})


def table(name: str, /, **columns: str) -> Table:
    return Table(name=name, columns=tuple(Column(name=n, type=t) for n, t in columns.items()))


CUSTOMERS = table("customers", id="int64", name="string", email="string")
ORDERS = table("orders", id="int64", customer_id="int64", amount="decimal128(10, 2)", ordered_on="date32[day]")
SHOP = (CUSTOMERS, ORDERS)


def know(step: ManifestStep) -> Known:
    """Know the shop behind every connection, and the shop's tables in files of their names."""
    if step.config.get("limit") == 0:
        return Known(why="nobody has looked")
    named = str(step.config.get("table") or Path(str(step.config.get("path") or "")).stem)
    survey = next((t for t in SHOP if t.name == named), None)
    if step.connection is None:
        return Known(survey=survey) if survey else Known(why=f"there is no file {step.config.get('path')!r}")
    if step.config.get("query"):
        survey = table("query", id="int64", total="double")
    return Known(catalogue=Catalogue(source=step.connection, dialect="sqlite", tables=SHOP), survey=survey)


def given(**changes: Any) -> Given:
    usual: dict[str, Any] = {
        "registry": REGISTRY,
        "aliases": {"toy": ("shop", "store"), "duckdb": ("shop",)},
        "defaults": {"toy": "shop", "duckdb": "shop"},
        "know": know,
        "version": "1",
    }
    return Given(**usual | changes)


def oml(**document: Any) -> bytes:
    """Return a pipeline's text; what is not given is the least that is right."""
    whole = {"oml_version": "0.1.0", "name": "toy"} | document
    return yaml.safe_dump(whole, sort_keys=False, default_flow_style=False, width=1_000).encode()


def compiled(text: str | bytes, **changes: Any) -> Compiled:
    return compile_pipeline(text.encode() if isinstance(text, str) else text, given(**changes))


def drafted(text: bytes, until: str, **changes: Any) -> Draft:
    """Return the draft as it is behind the pass of that name."""
    draft = Draft(text, given(**changes))
    for apply in PASSES:
        draft = apply(draft)
        if apply.__name__ == until:
            return draft
    raise AssertionError(f"there is no pass {until!r}")


HEAD = 'oml_version: "0.1.0"\nname: toy\n'
READ = "  - {id: read, component: toy.reader, mode: read, config: {path: orders.csv}}\n"
WRITE = '  - {id: write, component: toy.writer, mode: write, config: {connection: "@toy.shop", table: out}}\n'
RIGHT = f"{HEAD}steps:\n{READ}{WRITE}"
