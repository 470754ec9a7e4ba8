"""A MariaDB or MySQL server, and a database of a test's own in it."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pymysql
from tests.services.shared import FOLDER, Server, free_port, install, listens, program, shared, until

URL = "OSIRIS_TEST_MYSQL_URL"
USER, PASSWORD = "osiris", "p@ss:w/ord'%"  # pragma: allowlist secret
_FOLDERS = ("/usr/sbin", "/usr/local/sbin")


def server() -> Server:
    """Return a server on which the user may do everything.

    Raises:
        RuntimeError: there is none, and none can be installed; says what to install.
    """
    if url := os.environ.get(URL):
        return _named(url)
    if not program("mariadbd", *_FOLDERS):
        shared("mysql-install", _install)
    return shared("mysql", _start)


@contextmanager
def database() -> Iterator[Server]:
    """Lend an empty database."""
    at = server()
    name = f"t_{uuid.uuid4().hex[:12]}"
    ask(at, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield Server(at.host, at.port, at.user, at.password, name)
    finally:
        ask(at, f"DROP DATABASE IF EXISTS {name}")


def connect(at: Server) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
    """Return a plain connection, as a stranger would have it."""
    return pymysql.connect(
        host=at.host,
        port=at.port,
        user=at.user,
        password=at.password,
        database=at.database or None,
        charset="utf8mb4",
        autocommit=True,
        local_infile=True,
        ssl_disabled=True,
    )


def ask(at: Server, *statements: str) -> list[tuple[object, ...]]:
    """Run statements and return the rows of the last one."""
    with connect(at) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


def _named(url: str) -> Server:
    parts = urlsplit(url)
    return Server(
        parts.hostname or "127.0.0.1", parts.port or 3306, unquote(parts.username or ""), unquote(parts.password or "")
    )


def _install(_: Path) -> Server:
    install(["mariadb-server"], "a MariaDB or MySQL server")
    return Server("", 0, "", "")


def server_with_tls() -> tuple[Server, Path]:
    """Return a server that takes encrypted connections only, at 127.0.0.1, and the file of who vouches for it."""
    server()  # installs what is needed
    if not program("openssl"):
        shared("openssl-install", _install_openssl)
    at = shared("mysql-tls", _start_with_tls)
    return at, Path(os.environ[FOLDER]) / "mysql-tls" / "ca.pem"


def _install_openssl(_: Path) -> Server:
    install(["openssl"], "openssl")
    return Server("", 0, "", "")


def _start_with_tls(data: Path) -> Server:
    for arguments in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=osiris-test-ca -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    ):
        (data / "names").write_text("subjectAltName=IP:127.0.0.1", "utf-8")
        subprocess.run(["openssl", *arguments.split()], capture_output=True, check=True, cwd=data)
    own = [f"--ssl-{part}={data}/{name}" for part, name in _TLS_FILES.items()]
    return _start(data, *own, "--require-secure-transport=ON")


_TLS_FILES = {"ca": "ca.pem", "cert": "server.pem", "key": "server.key"}


def _start(data: Path, *more: str) -> Server:
    port = free_port()
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    maker = program("mariadb-install-db", "/usr/bin")
    daemon = program("mariadbd", *_FOLDERS)
    assert maker
    assert daemon
    (data / "own").mkdir()
    subprocess.run(
        [
            maker,
            "--no-defaults",
            f"--datadir={data}/db",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *as_root,
        ],
        capture_output=True,
        check=True,
    )
    options = [
        f"--datadir={data}/db",
        f"--tmpdir={data}/own",  # in the system's folder another server that starts would remove its files
        f"--port={port}",
        f"--socket={data}/s",
        f"--pid-file={data}/pid",
        f"--log-error={data}/log",
        "--bind-address=127.0.0.1",
        "--local-infile=1",
        "--max-allowed-packet=64M",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-flush-method=nosync",  # what a test writes is thrown away
        "--innodb-doublewrite=0",
        "--sync-frm=0",
        "--innodb-buffer-pool-size=256M",
        "--skip-log-bin",
        "--skip-name-resolve",
        *more,
        *as_root,
    ]
    process = subprocess.Popen(
        [daemon, "--no-defaults", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until(lambda: (data / "s").exists() and listens(port), process, data / "log")
    root = pymysql.connect(unix_socket=f"{data}/s", user="root")
    with root, root.cursor() as cursor:
        cursor.execute("CREATE USER %s@'127.0.0.1' IDENTIFIED BY %s", (USER, PASSWORD))
        cursor.execute("GRANT ALL PRIVILEGES ON *.* TO %s@'127.0.0.1' WITH GRANT OPTION", (USER,))
    return Server("127.0.0.1", port, USER, PASSWORD, pid=process.pid)
