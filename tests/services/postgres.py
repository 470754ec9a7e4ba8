"""A PostgreSQL server, and a database of a test's own in it."""

import os
import pwd
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from tests.services.shared import FOLDER, Server, free_port, install, listens, program, shared, until

URL = "OSIRIS_TEST_POSTGRES_URL"
USER, PASSWORD = "postgres", "p@ss:w/ord'%"  # pragma: allowlist secret
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin")


def server() -> Server:
    """Return a server on which the user may do everything.

    Raises:
        RuntimeError: there is none, and none can be installed; says what to install.
    """
    if url := os.environ.get(URL):
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return Server(parts.hostname or "127.0.0.1", parts.port or 5432, user, password, "postgres")
    _must_be_installed()
    return shared("postgres", _start)


def encrypted_server() -> Server:
    """Return a second server, which lets nobody in without TLS.

    Raises:
        RuntimeError: it can't be started; says what to install.
    """
    _must_be_installed()
    return shared("postgres-tls", _start_encrypted)


def certificate() -> Path:
    """Return the file that vouches for the encrypted server, by the name `localhost`."""
    return Path(os.environ[FOLDER]) / "postgres-tls" / "certificate.pem"


@contextmanager
def database(at: Server | None = None) -> Iterator[Server]:
    """Lend an empty database, of the usual server unless another one is given."""
    at = at or server()
    name = f"t_{uuid.uuid4().hex[:12]}"
    ask(at, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield Server(at.host, at.port, at.user, at.password, name)
    finally:
        ask(at, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def connect(at: Server) -> "psycopg.Connection[tuple[Any, ...]]":
    """Return a plain connection, as a stranger would have it."""
    return psycopg.connect(
        host=at.host,
        port=at.port,
        user=at.user,
        password=at.password,
        dbname=at.database or "postgres",
        autocommit=True,
    )


def ask(at: Server, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements and return the rows of the last one."""
    with connect(at) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _must_be_installed() -> None:
    if not program("initdb", *_FOLDERS) or not program("openssl"):
        shared("postgres-install", _install)


def hang_up(at: Server) -> None:
    """End every connection of Osiris's to this database, and to no other test's."""
    mine = "application_name = 'osiris' AND datname = current_database()"
    ask(at, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")


def _install(_: Path) -> Server:
    install(["postgresql", "openssl"], "a PostgreSQL server")
    return Server("", 0, "", "")


def _start_encrypted(data: Path) -> Server:
    certificate_, key, door = data / "certificate.pem", data / "key.pem", data / "hba.conf"
    door.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n", "utf-8")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-out", certificate_, "-keyout", key],
        capture_output=True,
        check=True,
    )  # fmt: skip
    owner = _owner()
    if owner:
        os.chown(key, owner.pw_uid, owner.pw_gid)
    files = {"ssl_cert_file": certificate_, "ssl_key_file": key, "hba_file": door}
    return _start(data, {"ssl": "on"} | {name: str(file) for name, file in files.items()})


def _owner() -> pwd.struct_passwd | None:
    """Return who may run PostgreSQL's programs, which refuse root; None where this user may."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _start(data: Path, others: Mapping[str, str] | None = None) -> Server:
    port = free_port()
    owner = _owner()
    who: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    initdb, daemon = program("initdb", *_FOLDERS), program("postgres", *_FOLDERS)
    assert initdb
    assert daemon
    secret = data / "password"
    secret.write_text(PASSWORD, "utf-8")
    if owner:
        os.chown(data, owner.pw_uid, owner.pw_gid)
        os.chown(secret, owner.pw_uid, owner.pw_gid)
    subprocess.run(
        [
            initdb,
            "-D",
            data / "db",
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--no-sync",
        ],
        capture_output=True,
        check=True,
        cwd=data,
        **who,
    )
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 200,
        "shared_buffers": "128MB",
        "max_wal_size": "2GB",
    } | dict(others or {})
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    log = data / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [daemon, "-D", data / "db", *options],
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd=data,
            **who,
        )
    at = Server("127.0.0.1", port, USER, PASSWORD, "postgres", process.pid)
    until(lambda: listens(port) and _answers(at), process, log)
    return at


def _answers(at: Server) -> bool:
    try:
        connect(at).close()
    except psycopg.OperationalError:
        return False
    return True
