"""`osiris_connections.yaml`: both forms, variables, defaults, and what is wrong with it."""

from pathlib import Path
from textwrap import dedent

import pytest

from osiris.app.connections_file import Connections, read_connections
from osiris.app.environment import Environment
from osiris.model.connection import Reference
from osiris.model.errors import ConfigError, SecretMissing

SHOP = Reference("duckdb", "shop")


def read(folder: Path, text: str) -> Connections:
    file = folder / "osiris_connections.yaml"
    file.write_text(dedent(text), "utf-8")
    return read_connections(file)


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    wrapped = read(tmp_path, "version: 1\nconnections: {duckdb: {shop: {path: a.duckdb}}}\n")
    bare = read(tmp_path, "version: 1\nduckdb: {shop: {path: a.duckdb}}\n")
    assert wrapped == bare == Connections({"duckdb": {"shop": {"path": "a.duckdb"}}})


@pytest.mark.parametrize("text", ["", "connections:\n", "# nothing yet\n", "duckdb:\n"])
def test_an_empty_file_has_no_connections(tmp_path: Path, text: str) -> None:
    assert not any(read(tmp_path, text).aliases().values())


def test_no_file_has_no_connections(tmp_path: Path) -> None:
    assert read_connections(tmp_path / "osiris_connections.yaml") == Connections()


def test_the_family_alone_means_the_only_alias_or_the_one_marked(tmp_path: Path) -> None:
    found = read(tmp_path, "duckdb: {a: {path: a}, b: {path: b, default: true}}\nsqlite: {c: {path: c}}\n")
    assert found.named(Reference("duckdb")) == Reference("duckdb", "b")
    assert found.named(Reference("sqlite")) == Reference("sqlite", "c")


def test_the_family_alone_means_nothing_where_nobody_is_marked(tmp_path: Path) -> None:
    found = read(tmp_path, "duckdb: {a: {path: a}, b: {path: b}}\n")
    with pytest.raises(ConfigError, match="there is no connection @duckdb"):
        found.named(Reference("duckdb"))


def test_two_defaults_of_a_family_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="duckdb has 2 defaults: a, b"):
        read(tmp_path, "duckdb: {a: {path: a, default: true}, b: {path: b, default: true}}\n")


def test_a_wrong_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "duckdb: {shop: {path: a}}\n").named(Reference("duckdb", "shpo"))
    assert caught.value.hint == "did you mean @duckdb.shop?"


def test_a_name_like_no_other_is_answered_with_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "duckdb: {shop: {path: a}}\n").named(Reference("mysql", "crm"))
    assert caught.value.hint == "configured: @duckdb.shop"


def test_variables_are_filled_in_also_deep_inside(tmp_path: Path) -> None:
    found = read(tmp_path, "duckdb: {shop: {path: '${DIR}/${FILE:-a.duckdb}', more: {x: '${EMPTY:-}', n: 3}}}\n")
    assert found.variables(SHOP) == ("DIR", "EMPTY", "FILE")
    fields = found.fields(SHOP, Environment({"DIR": "data"}))
    assert fields == {"path": "data/a.duckdb", "more": {"x": "", "n": 3}}


def test_a_variable_wins_over_its_default(tmp_path: Path) -> None:
    found = read(tmp_path, "duckdb: {shop: {path: '${FILE:-a.duckdb}'}}\n")
    assert found.fields(SHOP, Environment({"FILE": "b.duckdb"})) == {"path": "b.duckdb"}


@pytest.mark.parametrize("written", ["${FILE", "${MY-FILE}", "${}", "${FILE:-a${DIR}"])
def test_a_variable_that_is_none_is_never_taken_for_a_text(tmp_path: Path, written: str) -> None:
    found = read(tmp_path, f"duckdb: {{shop: {{path: 'x{written}'}}}}\n")
    with pytest.raises(ConfigError, match="a variable is not written as one") as caught:
        found.fields(SHOP, Environment({"FILE": "f", "DIR": "d"}))
    assert caught.value.where == "@duckdb.shop path"


def test_what_a_variable_holds_is_a_text_whatever_it_looks_like(tmp_path: Path) -> None:
    found = read(tmp_path, "duckdb: {shop: {path: '${FILE}'}}\n")
    assert found.fields(SHOP, Environment({"FILE": "${DIR"})) == {"path": "${DIR"}


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, "duckdb: {shop: {path: '${FILE}'}}\n")
    with pytest.raises(SecretMissing, match="the variable FILE is not set") as caught:
        found.fields(SHOP, Environment({}))
    assert caught.value.where == "@duckdb.shop path"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- duckdb\n", "must hold families"),
        ("connections: 3\n", "must hold families"),
        ("connections: {duckdb: {}}\nmysql: {shop: {host: h}}\n", "'mysql' stands beside `connections`"),
        ("duckdb: shop.duckdb\n", "'duckdb' must hold named connections"),
        ("duckdb: {shop: shop.duckdb}\n", "'shop' must hold named fields"),
        ("duckdb: {shop: {path: a}\n", "expected"),
    ],
)
def test_a_file_of_another_form_is_a_clear_error(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(tmp_path, text)
    assert "osiris_connections.yaml" in caught.value.where
    assert caught.value.hint
