"""Every database can be reached through an SSH server, for everything that is done with it."""

import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.services import mysql, postgres
from tests.services.shared import Server, free_port
from tests.services.ssh import HOST, Bastion, bastion
from tests.unit.components.supabase.doors import dsn

from osiris.app.connections import ListConnections, list_connections, open_fields, references, secret_values
from osiris.app.project import Project
from osiris.kit.component import Extractor, Place, Writer
from osiris.kit.describe import describe
from osiris.kit.family import Checked, Desk
from osiris.kit.registry import Registry
from osiris.kit.stream import Stream
from osiris.model.errors import ConfigError, TargetError
from osiris.model.receipt import Written
from osiris.testing.writer import MARKS, stream_of

HERE = Place(project=Path(), scratch=Path())
REGISTRY = Registry.installed()
ROWS = pa.table({"id": pa.array(range(3_000), pa.int64()), "v": ["some words"] * 3_000})


@dataclass(frozen=True)
class Far:
    """A database of one family, and the SSH server before it."""

    family: str
    at: Server
    bastion: Bastion

    def fields(self, **others: Any) -> dict[str, Any]:
        at = self.at
        fields = {"host": at.host, "port": at.port, "user": at.user, "password": at.password, "database": at.database}
        if self.family == "supabase":
            fields = {"pg_dsn": dsn(at)}
        return fields | {"ssh_tunnel": self.bastion.fields()} | others

    def check(self, **others: Any) -> Checked:
        return self.desk.check(REGISTRY.connect(self.family, self.fields(**others)), HERE)

    @property
    def desk(self) -> Desk:
        desk = REGISTRY.family(self.family).desk
        assert desk is not None
        return desk

    def open(self, **config: Any) -> Stream:
        extractor = REGISTRY.build(f"{self.family}.extractor", config, HERE, self.fields())
        assert isinstance(extractor, Extractor)
        return extractor.extract()

    def read(self, **config: Any) -> pa.Table:
        with self.open(**config) as stream:
            return pa.Table.from_batches(stream, stream.schema)

    def write(self, rows: Stream, **config: Any) -> Written:
        writer = REGISTRY.build(f"{self.family}.writer", {"table": "rows"} | config, HERE, self.fields())
        assert isinstance(writer, Writer)
        staged = writer.write(rows, MARKS)
        try:
            return staged.commit()
        finally:
            staged.close()


@pytest.fixture(params=["mysql", "postgres", "supabase"])
def far(request: pytest.FixtureRequest) -> Iterator[Far]:
    """Lend an empty database of each family, and see that no thread is left over."""
    service = mysql if request.param == "mysql" else postgres
    with service.database() as at, bastion() as jump:
        yield Far(request.param, at, jump)
        assert "osiris-tunnel" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("mode", ["replace", "merge"])
def test_rows_go_there_and_come_back(far: Far, mode: str) -> None:
    key = ["id"] if mode == "merge" else []
    for _ in range(2):
        assert far.write(stream_of(ROWS), write_mode=mode, primary_key=key).staged == ROWS.num_rows
    assert far.read(table="rows").sort_by("id").equals(ROWS)
    assert set(far.bastion.reached) == {(far.at.host, far.at.port)}


def test_the_desk_answers(far: Far) -> None:
    far.write(stream_of(ROWS))
    connection = REGISTRY.connect(far.family, far.fields())
    assert far.check().status == "ok"
    assert [table.name for table in far.desk.catalogue(connection, HERE).tables] == ["rows"]
    assert far.desk.profile(connection, HERE, "rows", 10_000).rows == ROWS.num_rows
    assert far.desk.query(connection, HERE, "SELECT 1 AS one", 10)[0].to_pydict() == {"one": [1]}
    assert far.bastion.reached


def test_reading_can_be_broken_off(far: Far) -> None:
    far.write(stream_of(pa.concat_tables([ROWS] * 30)))
    stream = far.open(table="rows")
    next(iter(stream))
    stream.close()
    stream.close()


def test_a_write_that_loses_the_ssh_server_leaves_the_old_rows(far: Far) -> None:
    far.write(stream_of(ROWS.slice(0, 5)))

    def losing() -> Generator[pa.RecordBatch]:
        for number, batch in enumerate(pa.concat_tables([ROWS] * 100).to_batches(max_chunksize=1_000)):
            if number == 100:
                far.bastion.hang_up()
            yield batch

    with pytest.raises(TargetError):
        far.write(Stream(ROWS.schema, losing()), write_mode="replace")
    assert far.read(table="rows").num_rows == 5
    far.write(stream_of(ROWS), write_mode="replace")
    assert far.read(table="rows").num_rows == ROWS.num_rows


def test_the_doctor_tells_the_ssh_server_from_the_database(far: Far) -> None:
    port = free_port()
    tunnel = far.bastion.fields()
    for others, said in (
        ({"port": port}, f"no SSH server listens at {HOST}:{port}"),
        ({"user": "somebody"}, "refuses the user 'somebody'"),
        ({"known_hosts": "elsewhere ssh-ed25519 AAAA"}, "is not known"),
    ):
        found = far.check(ssh_tunnel=tunnel | others)
        assert (found.status, said in found.detail) == ("failed", True), found
        assert found.hint


def test_the_doctor_says_that_the_database_cannot_be_reached_from_there(far: Far) -> None:
    port = free_port()
    nowhere = {"port": port} if far.family != "supabase" else {"pg_dsn": f"postgresql://u:p@127.0.0.1:{port}/d"}
    found = far.check(**nowhere)
    assert found.detail == f"the SSH server {HOST}:{far.bastion.port} does not reach 127.0.0.1:{port}"


def test_what_the_database_says_is_said_as_ever(far: Far) -> None:
    assert "refuses" in far.check(password="wrong").detail  # pragma: allowlist secret
    assert "SSH" not in far.check(password="wrong").detail  # pragma: allowlist secret


@pytest.mark.slow
def test_the_certificate_has_to_be_the_databases() -> None:
    with ExitStack() as lent:
        jump = lent.enter_context(bastion())
        my, authority = mysql.server_with_tls()
        pg = lent.enter_context(postgres.database(postgres.encrypted_server()))
        for family, at, name, others, file in (
            ("mysql", my, "127.0.0.1", "localhost", authority),
            ("postgres", pg, "localhost", "127.0.0.1", postgres.certificate()),
        ):
            secure = {"tls": "verify_identity", "tls_ca": str(file)}
            assert Far(family, at, jump).check(**secure, host=name).status == "ok"
            assert "no encrypted connection" in Far(family, at, jump).check(**secure, host=others).detail


@pytest.mark.parametrize("family", ["mysql", "postgres", "supabase"])
def test_its_secrets_are_secrets(family: str, tmp_path: Path) -> None:
    address = "pg_dsn: 'postgresql://u@h/d', " if family == "supabase" else ""
    tunnel = "host: bastion, user: me, private_key: '${KEY}', passphrase: opens-it, password: '${WORD}'"
    (tmp_path / "osiris_connections.yaml").write_text(
        f"{family}: {{far: {{{address}ssh_tunnel: {{{tunnel}}}}}}}\n", "utf-8"
    )
    project = Project.open(tmp_path, exported={"KEY": "the-private-key", "WORD": "a-password"})
    (reference,) = references(project)
    secrets = {"the-private-key", "a-password", "opens-it"}
    assert set(secret_values(project)) >= secrets
    shown = f"{open_fields(project, reference)} {list_connections(project, ListConnections())}"
    assert not [secret for secret in secrets if secret in shown]
    assert "bastion" in shown


@pytest.mark.parametrize("name", ["mysql.extractor", "postgres.writer", "supabase.writer"])
def test_its_fields_are_described(name: str) -> None:
    spec = describe(REGISTRY, name)
    assert {f"/connection/ssh_tunnel/{field}" for field in ("password", "private_key", "passphrase")} <= {*spec.secrets}
    assert "known_hosts" in str(spec.connection_fields["ssh_tunnel"])
    assert "$ref" not in str(spec.connection_fields)


def test_the_rest_interface_of_a_project_needs_none() -> None:
    with pytest.raises(ConfigError, match="`ssh_tunnel` goes with the direct address"):
        REGISTRY.connect(
            "supabase",
            {"project_id": "abc", "key": "k", "ssh_tunnel": {"host": "h", "user": "u", "password": "p"}},
        )
