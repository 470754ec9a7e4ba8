"""Certificates and keys on their way to a sandbox."""

import os
from pathlib import Path

import pytest
from tests.faults.elsewhere import COPY
from tests.parity.places import ordered, project
from tests.services import postgres

from osiris.kit.component import Place
from osiris.kit.registry import Registry
from osiris.model.errors import ConfigError
from osiris.model.job import Job
from osiris.remote.papers import MOST_BYTES, Papers, held

KEY = "-----BEGIN PRIVATE KEY-----\nnot-a-real-one-4711\n-----END PRIVATE KEY-----\n"  # pragma: allowlist secret


def job(folder: Path) -> Job:
    """Return a job whose connection names a certificate by a relative path, and a key."""
    made = ordered(project(folder), COPY)
    (folder / "ca.pem").write_text("a certificate", "utf-8")
    (folder / "key.pem").write_text(KEY, "utf-8")
    made.connections["@mysql.crm"] = {"host": "h", "ssl_ca": "ca.pem", "tls_key": str(folder / "key.pem")}
    return made


def test_they_arrive_as_files_that_have_no_name(tmp_path: Path) -> None:
    made = job(tmp_path / "p")
    papers = Papers.of(made, Registry.installed())
    assert papers.secrets == (KEY,)
    there = held(made.connections, papers.named)["@mysql.crm"]
    assert there["host"] == "h"
    assert Path(there["ssl_ca"]).read_text("utf-8") == "a certificate"
    for _ in range(2):
        assert Path(there["tls_key"]).read_text("utf-8") == KEY
    found = Path(there["tls_key"]).stat()
    assert (found.st_mode & 0o777, found.st_nlink, found.st_uid) == (0o600, 0, os.geteuid())
    assert set(tmp_path.rglob("*.pem")) == {tmp_path / "p" / "ca.pem", tmp_path / "p" / "key.pem"}


@pytest.mark.slow
def test_a_driver_that_is_strict_about_keys_takes_them(tmp_path: Path) -> None:
    """PostgreSQL's own client refuses a key that is no plain file of this user's, or that others may read."""
    registry, made = Registry.installed(), ordered(project(tmp_path / "p"), COPY)
    with postgres.database(postgres.encrypted_server()) as at:
        files = {"sslrootcert": "certificate.pem", "sslcert": "certificate.pem", "sslkey": "key.pem"}
        made.connections["@postgres.dw"] = {
            "host": "localhost", "port": at.port, "user": at.user, "password": at.password, "sslmode": "verify-full",
            "database": at.database,
        } | {field: str(postgres.certificate().with_name(name)) for field, name in files.items()}  # fmt: skip
        there = held(made.connections, Papers.of(made, registry).named)["@postgres.dw"]
        desk = registry.family("postgres").desk
        assert desk
        checked = desk.check(registry.connect("postgres", there), Place(project=tmp_path, scratch=tmp_path))
    assert there["sslkey"].startswith("/proc/")
    assert checked.status == "ok", checked.detail


def test_connections_without_files_stay_as_they_are(tmp_path: Path) -> None:
    made = ordered(project(tmp_path / "p"), COPY)
    papers = Papers.of(made, Registry.installed())
    assert (papers.named, papers.secrets) == ({}, ())
    assert held(made.connections, papers.named) == made.connections


def test_a_file_that_is_far_too_large_is_named(tmp_path: Path) -> None:
    made = job(tmp_path / "p")
    (tmp_path / "p" / "ca.pem").write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match=r"ca\.pem has more than") as caught:
        Papers.of(made, Registry.installed())
    assert caught.value.where == "@mysql.crm ssl_ca"


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    made = job(tmp_path / "p")
    made.connections["@mysql.crm"]["ssl_ca"] = "/proc/self/mem"
    with pytest.raises(ConfigError, match="mem can't be read"):
        Papers.of(made, Registry.installed())
