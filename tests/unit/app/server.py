"""A family whose database is far away: it needs a secret and a network, and counts who asks it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import Field, SecretStr
from tests.unit.app.projects import make

from osiris.app.project import Project
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Config, Connection, Describe, Place
from osiris.kit.family import Checked, Desk, Family
from osiris.kit.registry import Registry
from osiris.kit.settled import announced
from osiris.kit.stream import Stream
from osiris.model.catalogue import Catalogue, Column, ColumnProfile, Known, Table, TableProfile
from osiris.model.errors import ConnectError

ORDERS = Table(
    name="orders",
    rows=1_200_000,
    primary_key=("id",),
    columns=(
        Column(name="id", type="int64", nullable=False, source_type="BIGINT"),
        Column(name="amount", type="decimal128(10, 2)", source_type="DECIMAL(10,2)"),
        Column(name="customer_email", type="string", source_type="VARCHAR(80)"),
    ),
)
PASSWORD = "far-away-password"  # pragma: allowlist secret
CONNECTIONS = """\
connections:
  far:
    shop: {host: "${FAR_HOST:-db.example.com}", password: "${FAR_PASSWORD}"}
"""
PIPELINE = """\
oml_version: "0.1.0"
name: far
steps:
  - id: read
    component: far.reader
    mode: read
    config: {connection: "@far.shop", SOURCE}
  - id: write
    component: filesystem.csv_writer
    mode: write
    config: {path: output/far.csv}
"""


@dataclass
class Server:
    """What lies far away.

    Attributes:
        up: Whether it answers.
        asked: What it was asked, in order.
    """

    tables: tuple[Table, ...] = (ORDERS,)
    up: bool = True
    asked: list[str] = field(default_factory=list)

    def answer(self, question: str) -> None:
        if not self.up:
            raise ConnectError("nobody answers at db.example.com", hint="check `host`")
        self.asked.append(question)


class FarConnection(Connection):
    host: str
    password: SecretStr


class FarRead(Config):
    table: str = ""
    query: str = ""
    columns: list[str] = Field(default=[])
    as_text: bool = False
    settled: dict[str, str] = Field(default={})


def registry(server: Server) -> Registry:
    """Return the installed families and the one that is far away."""

    @dataclass(frozen=True)
    class FarReader:
        """Read from far away."""

        about: ClassVar[Describe] = Describe(
            name="far.reader", title="Read", mode="read", config=FarRead, connection="required", sql="mysql"
        )
        config: FarRead
        place: Place
        connection: FarConnection | None = None

        def announce(self, known: Known) -> Announced:
            return announced(known, derivable=not self.config.as_text)

        def survey(self) -> Table:
            server.answer("survey")
            return Table(name="query", columns=columns_of(pa.schema([("looked_at", pa.int64())])))

        def extract(self) -> Stream:
            raise ConnectError("nobody reads here", hint="nothing to do")

    def catalogue(connection: FarConnection, place: Place) -> Catalogue:
        server.answer("catalogue")
        return Catalogue(source=connection.host, dialect="mysql", tables=server.tables)

    def profile(connection: FarConnection, place: Place, table: str, rows: int) -> TableProfile:
        server.answer("profile")
        email = ColumnProfile(name="customer_email", type="string", nulls=0, distinct=1, values=("ada@example.com",))
        amount = ColumnProfile(name="amount", type="double", nulls=0, distinct=2, minimum="1", values=("1", PASSWORD))
        return TableProfile(table=table, rows=rows, exact=False, columns=(email, amount))

    def query(connection: FarConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:
        server.answer(sql)
        return pa.table({"id": [1, 2][:limit]}), True

    desk = Desk(check=lambda *_: Checked("ok", "it answers"), catalogue=catalogue, profile=profile, query=query)
    far = Family("far", "Far", components=(FarReader,), connection=FarConnection, dialect="mysql", desk=desk)
    return Registry({**Registry.installed().loaders, "far": lambda: far})


def project(folder: Path, server: Server, *, secret: bool = True, **exported: str) -> Project:
    """Open a project that has the connection; with or without its secret."""
    make(folder)
    (folder / "osiris_connections.yaml").write_text(CONNECTIONS, "utf-8")
    variables: dict[str, Any] = {"FAR_PASSWORD": PASSWORD} if secret else {}
    return Project.open(folder, registry=registry(server), exported=variables | exported)


def reading(source: str) -> str:
    """Return a pipeline that reads what a setting says."""
    return PIPELINE.replace("SOURCE", source)
