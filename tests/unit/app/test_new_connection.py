"""A new connection: kept as a person would write it, its secrets apart, and tried first."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.unit.app.projects import CONNECTIONS, opened, with_shop

from osiris.app.connection_fields import field_named
from osiris.app.connections import connected
from osiris.app.new_connection import AddConnection, add_connection, try_connection
from osiris.app.project import Project
from osiris.components.mysql.config import MysqlConnection
from osiris.kit.component import Config, Connection
from osiris.kit.family import Family
from osiris.kit.registry import Registry
from osiris.model.errors import ConfigError, SecretMissing, UsageError

PASSWORD = "correct-horse"  # pragma: allowlist secret
NOWHERE = {"host": "127.0.0.1", "port": 9, "connect_timeout": 0.5}
MYSQL = AddConnection(name="@mysql.shop", fields=NOWHERE, secrets={"password": SecretStr(PASSWORD)})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return opened(with_shop(tmp_path))


def test_a_connection_that_answers_is_kept_and_can_be_used(project: Project, tmp_path: Path) -> None:
    ask = AddConnection(name="@duckdb.again", fields={"path": "data/shop.duckdb"}, default=True)
    added = add_connection(project, ask)
    assert (added.written, added.check.status, added.variables) == (True, "ok", ())
    family, _, reference = connected(opened(tmp_path), "@duckdb")
    assert (family.name, str(reference)) == ("duckdb", "@duckdb.again")
    assert (
        (tmp_path / "osiris_connections.yaml").read_text("utf-8").startswith(CONNECTIONS.partition("  filesystem")[0])
    )
    assert not (tmp_path / ".env").exists()


def test_a_try_writes_nothing(project: Project, tmp_path: Path) -> None:
    tried = try_connection(project, MYSQL)
    assert (tried.written, tried.check.status, tried.variables) == (False, "failed", ("MYSQL_SHOP_PASSWORD",))
    assert tried.check.hint
    assert (tmp_path / "osiris_connections.yaml").read_text("utf-8") == CONNECTIONS
    assert not (tmp_path / ".env").exists()


def test_a_secret_goes_to_a_file_of_its_own_and_is_said_by_name_only(project: Project, tmp_path: Path) -> None:
    added = add_connection(project, MYSQL)
    assert added.fields == {**NOWHERE, "password": "${MYSQL_SHOP_PASSWORD}"}
    assert PASSWORD not in (tmp_path / "osiris_connections.yaml").read_text("utf-8")
    assert PASSWORD not in added.model_dump_json() + repr(MYSQL)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    _, connection, _ = connected(opened(tmp_path), "@mysql.shop")
    assert isinstance(connection, MysqlConnection)
    assert (connection.port, connection.password.get_secret_value()) == (9, PASSWORD)


def test_a_variable_that_holds_something_else_is_not_taken(tmp_path: Path) -> None:
    project = opened(with_shop(tmp_path), MYSQL_SHOP_PASSWORD="another")  # pragma: allowlist secret
    assert add_connection(project, MYSQL).variables == ("MYSQL_SHOP_PASSWORD_2",)


def test_a_variable_that_holds_the_same_is_used_and_not_written_again(tmp_path: Path) -> None:
    added = add_connection(opened(with_shop(tmp_path), MYSQL_SHOP_PASSWORD=PASSWORD), MYSQL)
    assert (added.fields["password"], added.variables) == ("${MYSQL_SHOP_PASSWORD}", ())
    assert not (tmp_path / ".env").exists()


def test_it_is_told_whether_git_would_take_the_secrets_along(project: Project, tmp_path: Path) -> None:
    assert not try_connection(project, MYSQL).ignored
    (tmp_path / ".gitignore").write_text("logs/\n.env\n", "utf-8")
    assert try_connection(project, MYSQL).ignored


@pytest.mark.parametrize(
    ("name", "fields", "kind", "said", "hint"),
    [
        ("@duckdb.shop", {"path": "x"}, UsageError, "@duckdb.shop is there already", "another alias"),
        ("@duckdb", {"path": "x"}, UsageError, "has no alias", "@duckdb.shop"),
        ("a b", {}, UsageError, "is not a connection", "@mysql.shop"),
        ("@oracle.x", {}, UsageError, "no family 'oracle'", "known: duckdb"),
        ("@mysql.x", {"hots": "db"}, UsageError, "no field 'hots'", "did you mean host?"),
        ("@mysql.x", {"zzz": "db"}, UsageError, "no field 'zzz'", "there are: host, port"),
        ("@mysql.x", {"password": "s"}, UsageError, "'password' holds a secret", "--secret password"),
        ("@mysql.x", {"password": "${PW:-s}"}, UsageError, "'password' holds a secret", "--secret password"),
        ("@mysql.x", {"host": "http://u:p@h"}, UsageError, "'host' holds a secret", "--env host=NAME"),
        ("@mysql.x", {"port": "many"}, ConfigError, "port", "osiris_connections.yaml"),
        ("@mysql.x", {"password": "${PW}"}, SecretMissing, "PW is not set", ".env"),
    ],
)  # fmt: skip
def test_what_cannot_be_added_is_a_clear_error(
    *, project: Project, name: str, fields: dict[str, str], kind: type[UsageError], said: str, hint: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        try_connection(project, AddConnection(name=name, fields=fields))
    assert hint in caught.value.hint


def test_a_family_has_one_default(project: Project, tmp_path: Path) -> None:
    add_connection(project, AddConnection(name="@duckdb.a", fields={"path": "data/shop.duckdb"}, default=True))
    with pytest.raises(UsageError, match=r"@duckdb\.a is the default already"):
        add_connection(
            opened(tmp_path), AddConnection(name="@duckdb.b", fields={"path": "data/shop.duckdb"}, default=True)
        )
    assert opened(tmp_path).connections.defaults()["duckdb"] == "a"


def test_line_ends_and_rights_of_the_file_stay(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "osiris_connections.yaml"
    file.write_bytes(CONNECTIONS.replace("\n", "\r\n").encode())
    file.chmod(0o640)
    add_connection(project, AddConnection(name="@duckdb.again", fields={"path": "data/shop.duckdb"}))
    assert file.read_bytes().startswith(b"connections:\r\n  duckdb:\r\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert opened(tmp_path).connections.aliases()["duckdb"] == ("shop", "again")


@pytest.mark.parametrize(
    ("family", "name", "text", "said"),
    [
        ("mysql", "port", "many", "valid integer"),
        ("mysql", "port", "99999", "less than or equal to 65535"),
        ("mysql", "port", "${PORT}", ""),
        ("mysql", "host", "db", ""),
        ("postgres", "sslmode", "require", ""),
        ("postgres", "tls", "sometimes", "should be"),
        ("rest", "base_url", "ftp://x", "write an address such as"),
        ("rest", "headers", "x", "valid dictionary"),
        ("mysql", "ssh_tunnel.port", "many", "valid integer"),
    ],
)
def test_a_field_says_what_it_does_not_take(*, project: Project, family: str, name: str, text: str, said: str) -> None:
    asked = field_named(project.registry.family(family), name)
    assert asked is not None
    complaint = asked.complaint(text)
    assert said in complaint
    assert bool(said) == bool(complaint)


def test_an_unknown_secret_is_refused_too(project: Project) -> None:
    with pytest.raises(UsageError, match="no field 'passwrod'"):
        try_connection(project, AddConnection(name="@mysql.x", secrets={"passwrod": SecretStr("s")}))


class Door(Config):
    """A door before the server."""

    host: str
    passphrase: SecretStr


class Behind(Connection):
    """A server behind a door."""

    host: str
    door: Door | None = None


def test_a_field_within_another_is_said_with_a_dot(tmp_path: Path) -> None:
    family = Family(name="server", title="Servers", components=(), connection=Behind)
    project = Project.open(tmp_path, registry=Registry({"server": lambda: family}), exported={})
    secrets = {"door.passphrase": SecretStr(PASSWORD)}
    ask = AddConnection(name="@server.x", fields={"host": "db", "door.host": "door"}, secrets=secrets)
    added = add_connection(project, ask)
    inner = {"host": "door", "passphrase": "${SERVER_X_DOOR_PASSPHRASE}"}
    assert (added.fields, added.check.status) == ({"host": "db", "door": inner}, "nothing to check")
    again = Project.open(tmp_path, registry=project.registry, exported={})
    _, connection, _ = connected(again, "@server.x")
    assert isinstance(connection, Behind)
    assert connection.door is not None
    assert connection.door.passphrase.get_secret_value() == PASSWORD
    with pytest.raises(UsageError, match=r"'door\.passphrase' holds a secret"):
        try_connection(project, AddConnection(name="@server.y", fields={"host": "db", "door.passphrase": "x"}))
