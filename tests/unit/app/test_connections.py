"""Who is who outside, whether they answer, and that no secret is said."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.unit.app.projects import make, opened, with_shop

from osiris.app.connections import (
    CheckConnections,
    ListConnections,
    check_connections,
    connected,
    list_connections,
    secret_values,
)
from osiris.app.project import Project
from osiris.kit.component import Connection
from osiris.kit.family import Family
from osiris.kit.registry import Registry
from osiris.model.errors import ConfigError, SecretMissing, UsageError

PASSWORD = "correct-horse"  # pragma: allowlist secret
SERVER = """\
server:
  literal: {host: h, password: correct-horse}  # pragma: allowlist secret
  named: {host: h, password: "${PW}"}
  half: {host: h, password: "x-${PW}"}  # pragma: allowlist secret
  otherwise: {host: h, password: "${PW:-battery-staple}"}
  address: {host: "db://user:correct-horse@h/x", password: "${PW}"}  # pragma: allowlist secret
gone:
  away: {anything: correct-horse, host: "${HOST}"}
"""


class ServerConnection(Connection):
    """A server that does not exist, with a password."""

    host: str
    password: SecretStr


def server(folder: Path, text: str = SERVER, **exported: str) -> Project:
    """Open a project whose only family has a secret."""
    (folder / "osiris_connections.yaml").write_text(text, "utf-8")
    family = Family(name="server", title="Servers", components=(), connection=ServerConnection)
    return Project.open(folder, registry=Registry({"server": lambda: family}), exported=exported)


def test_a_secret_too_short_to_be_found_everywhere_is_told(tmp_path: Path) -> None:
    text = "server:\n  long: {host: h, password: '${PW}'}\n  short: {host: h, password: abc}\n"
    checks = check_connections(server(tmp_path, text, PW=PASSWORD), CheckConnections()).checks
    assert {check.name: "6 characters or more" in check.hint for check in checks} == {
        "@server.long": False, "@server.short": True
    }  # fmt: skip
    assert "abc" not in repr(checks)


def test_connections_are_listed_by_name_with_what_they_miss(tmp_path: Path) -> None:
    lines = list_connections(server(tmp_path), ListConnections()).connections
    assert [line.name for line in lines] == [
        "@gone.away", "@server.address", "@server.half", "@server.literal", "@server.named", "@server.otherwise"
    ]  # fmt: skip
    assert {line.name: line.missing for line in lines}["@server.named"] == ("PW",)


def test_a_secret_is_listed_by_its_variable_or_not_at_all(tmp_path: Path) -> None:
    lines = list_connections(server(tmp_path, PW=PASSWORD), ListConnections()).connections
    fields = {line.name.rpartition(".")[2]: line.fields for line in lines}
    assert {alias: shown.get("password") for alias, shown in fields.items()} == {
        "literal": "***",
        "named": "${PW}",
        "half": "***",
        "otherwise": "${PW}",
        "address": "${PW}",
        "away": None,
    }
    assert fields["address"]["host"] == "db://***@h/x"
    assert fields["away"] == {"anything": "***", "host": "${HOST}"}
    assert PASSWORD not in str(lines)
    assert "battery-staple" not in str(lines)


def test_a_secret_under_a_name_written_wrong_is_shown_nowhere(tmp_path: Path) -> None:
    project = server(tmp_path, f"server: {{a: {{host: h, passwrd: {PASSWORD}, default: true}}}}")
    (line,) = list_connections(project, ListConnections()).connections
    assert line.fields == {"host": "h", "passwrd": "***", "default": True}
    assert secret_values(project) == (PASSWORD,)


def test_the_family_alone_is_marked_where_it_means_somebody(tmp_path: Path) -> None:
    text = "server: {a: {host: h, password: x, default: true}, b: {host: h, password: x}}\n"  # pragma: allowlist secret
    lines = list_connections(server(tmp_path, text), ListConnections()).connections
    assert [line.default for line in lines] == [True, False]


def test_everything_that_must_not_be_shown_is_known(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-key\n", "utf-8")
    assert secret_values(server(tmp_path, PW="from-outside")) == (  # pragma: allowlist secret
        "correct-horse",
        "from-outside",
        "sk-key",
        "x-from-outside",
    )


def test_what_is_known_of_a_secret_whose_variable_is_not_set_is_hidden_too(tmp_path: Path) -> None:
    assert secret_values(server(tmp_path)) == ("battery-staple", "correct-horse", "x-")


def test_a_connection_comes_with_its_secrets_and_its_full_name(tmp_path: Path) -> None:
    family, connection, reference = connected(server(tmp_path, PW=PASSWORD), "server.named")
    assert (family.name, str(reference)) == ("server", "@server.named")
    assert isinstance(connection, ServerConnection)
    assert connection.password.get_secret_value() == PASSWORD
    assert PASSWORD not in repr(connection)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("@server.named", SecretMissing, "PW is not set"),
        ("@server.nmaed", ConfigError, "no connection @server.nmaed"),
        ("not a name", UsageError, "is not a connection"),
        ("@gone.away", SecretMissing, "HOST is not set"),
    ],
)
def test_a_connection_that_cannot_be_had_is_a_clear_error(
    tmp_path: Path, name: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        connected(server(tmp_path), name)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("{host: h, passwrd: x, password: y}", "there is no field 'passwrd', did you mean 'password'?"),
        ("{host: h, password: y, zzz: x}", "there is no field 'zzz'"),
        ("{password: y}", "host is missing"),
        ("{host: 5, password: y}", "host: input should be a valid string"),
    ],
)
def test_a_field_that_is_not_right_is_named_in_words(tmp_path: Path, fields: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connected(server(tmp_path, f"server: {{a: {fields}}}"), "@server.a")
    assert caught.value.message == f"the server connection is not right: {said}"


def test_a_family_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no family 'gone'"):
        connected(server(tmp_path, HOST="h"), "@gone.away")


def test_the_doctor_tells_the_well_from_the_ill(tmp_path: Path) -> None:
    project = opened(with_shop(tmp_path))
    checks = check_connections(project, CheckConnections())
    assert [(check.name, check.status) for check in checks.checks] == [
        ("@duckdb.shop", "ok"), ("@filesystem.local", "nothing to check")
    ]  # fmt: skip
    assert checks.healthy


def test_the_doctor_says_what_to_do(tmp_path: Path) -> None:
    checks = check_connections(opened(make(tmp_path)), CheckConnections(name="@duckdb"))
    assert [check.status for check in checks.checks] == ["failed"]
    assert checks.checks[0].hint
    assert not checks.healthy


def test_the_doctor_says_which_variable_is_missing(tmp_path: Path) -> None:
    check = check_connections(server(tmp_path), CheckConnections(name="@server.named")).checks[0]
    assert (check.status, check.detail) == ("failed", "the variable PW is not set")


def test_the_doctor_does_not_know_strangers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no connection @duckdb\.crm"):
        check_connections(opened(make(tmp_path)), CheckConnections(name="@duckdb.crm"))
