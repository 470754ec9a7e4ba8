"""A connection is added by a command line that holds no secret."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from tests.unit.app.projects import CONNECTIONS, make, with_shop

from osiris.cli.main import main
from osiris.cli.options import Options
from osiris.cli.terminal import Terminal
from osiris.model.errors import EXIT_CONNECTION, EXIT_USAGE, UsageError

Said = pytest.CaptureFixture[str]
AGAIN = ("connections", "add", "@duckdb.again", "--set", "path=data/shop.duckdb")


def typed(folder: Path, *words: str) -> int:
    return main(["-C", str(folder), *words])


def written(folder: Path) -> str:
    return (folder / "osiris_connections.yaml").read_text("utf-8")


def test_a_connection_that_answers_is_kept(tmp_path: Path, capsys: Said) -> None:
    assert typed(with_shop(tmp_path), *AGAIN, "--default") == 0
    said = capsys.readouterr()
    assert "@duckdb.again is added" in said.out
    assert "osiris discover @duckdb.again" in said.out
    assert "so far" not in said.err
    assert "    again:\n      path: data/shop.duckdb\n      default: true\n" in written(tmp_path)


def test_a_bare_name_that_means_nothing_any_more_is_told(tmp_path: Path, capsys: Said) -> None:
    assert typed(with_shop(tmp_path), *AGAIN) == 0
    assert "@duckdb meant @duckdb.shop so far" in capsys.readouterr().err
    assert typed(tmp_path, "connections", "add", "@duckdb.more", "--set", "path=data/shop.duckdb") == 0
    assert "so far" not in capsys.readouterr().err


def test_the_family_may_be_named_alone(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "connections", "add", "--family", "filesystem", "--set", "base_dir=x", "--json") == 0
    reply = json.loads(capsys.readouterr().out)
    assert (reply["name"], reply["written"], reply["fields"]) == ("@filesystem.main", True, {"base_dir": "x"})


def test_a_connection_that_does_not_answer_is_not_kept_unless_it_should_be(tmp_path: Path, capsys: Said) -> None:
    words = ("connections", "add", "@duckdb.gone", "--set", "path=gone.duckdb")
    assert typed(make(tmp_path), *words) == EXIT_CONNECTION
    assert "@duckdb.gone was not kept" in (said := capsys.readouterr().err)
    assert "--unchecked keeps it all the same" in said
    assert written(tmp_path) == CONNECTIONS
    assert typed(tmp_path, *words, "--unchecked") == 0
    assert "gone.duckdb" in written(tmp_path)


def test_a_variable_stands_for_a_value(tmp_path: Path) -> None:
    with_shop(tmp_path)
    (tmp_path / ".env").write_text("WHERE=data/shop.duckdb\n", "utf-8")
    assert typed(tmp_path, "connections", "add", "@duckdb.again", "--env", "path=WHERE") == 0
    assert '    again:\n      path: "${WHERE}"\n' in written(tmp_path)


def test_a_source_is_named_and_its_address_stays_where_it_is(tmp_path: Path) -> None:
    make(tmp_path)
    address = "mysql://ada:correct-horse@127.0.0.1:9/shop"  # pragma: allowlist secret
    (tmp_path / ".env").write_text(f"SHOP_URL={address}\n", "utf-8")
    words = ("connections", "add", "--from", "env:SHOP_URL", "--set", "connect_timeout=0.5", "--unchecked")
    assert typed(tmp_path, *words) == 0
    assert '    main:\n      url: "${SHOP_URL}"\n      connect_timeout: 0.5\n' in written(tmp_path)
    assert (tmp_path / ".env").read_text("utf-8") == f"SHOP_URL={address}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "@mysql.x", "--set", "password=hush-hush"), "'password' holds a secret"),
        (("add", "@mysql.x", "--set", "nonsense"), "'nonsense' is not a field with its value"),
        (("add", "--set", "host=db"), "of which family is it?"),
        (("add", "@mysql.x", "--family", "duckdb"), "name two families"),
        (("add", "no name"), "is not a connection"),
        (("add", "@duckdb.x", "--from", "env:X_URL"), "there is no source 'env:X_URL'"),
        (("add",), "nobody can be asked"),
        (("add", "@mysql.x"), "nobody can be asked"),
    ],
)
def test_a_line_that_does_not_add_up_is_an_error_and_changes_nothing(
    tmp_path: Path, capsys: Said, words: tuple[str, ...], said: str
) -> None:
    assert typed(make(tmp_path), "connections", *words) == EXIT_USAGE
    shown = capsys.readouterr().err
    assert said in shown
    assert "hush-hush" not in shown
    assert written(tmp_path) == CONNECTIONS


def test_who_cannot_be_asked_is_told_of_the_sources_that_are_there(tmp_path: Path, capsys: Said) -> None:
    make(tmp_path)
    (tmp_path / ".env").write_text("SHOP_URL=mysql://127.0.0.1:9/shop\n", "utf-8")
    assert typed(tmp_path, "connections", "add") == EXIT_USAGE
    assert "or --from, with one of env:SHOP_URL" in capsys.readouterr().err


def test_a_source_of_another_family_is_refused(tmp_path: Path, capsys: Said) -> None:
    make(tmp_path)
    (tmp_path / ".env").write_text("SHOP_URL=mysql://127.0.0.1:9/shop\n", "utf-8")
    assert typed(tmp_path, "connections", "add", "@duckdb.x", "--from", "env:SHOP_URL") == EXIT_USAGE
    assert "is of the family 'mysql'" in capsys.readouterr().err


def at(keyboard: str, *, person: bool) -> Terminal:
    out, err = Console(file=io.StringIO()), Console(file=io.StringIO())
    return Terminal(Options(), out, err, person=person, keyboard=io.StringIO(keyboard))


def test_a_secret_is_a_line_of_standard_input_and_is_never_shown_again() -> None:
    terminal = at("correct-horse\nnext\n", person=False)
    assert terminal.secret("password") == "correct-horse"
    assert terminal.redact("it is correct-horse") == "it is ***"
    assert terminal.keyboard.readline() == "next\n"


def test_a_question_has_a_default_and_needs_somebody() -> None:
    assert at("\n", person=True).question("host", "127.0.0.1") == "127.0.0.1"
    assert at(" db \n", person=True).question("host", "127.0.0.1") == "db"
    with pytest.raises(UsageError, match="was not answered"):
        at("", person=True).question("host")
    with pytest.raises(UsageError, match="nobody can be asked: host"):
        at("db\n", person=False).question("host")
