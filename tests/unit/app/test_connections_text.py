"""A connection is added to what people wrote, and every line of theirs stays as it is."""

import pytest
import yaml

from osiris.app.connections_text import with_connection
from osiris.model.connection import Reference
from osiris.model.errors import ConfigError

SHOP = Reference("mysql", "shop")
FIELDS = {"host": "db", "port": 3307, "password": "${MYSQL_SHOP_PASSWORD}", "default": True}
COMMENTED = """\
# Who is who outside.
connections:
  filesystem:
    local:
      base_dir: "."   # here
  # duckdb:
  #   shop:
  #     path: data/shop.duckdb
"""

TEXTS = {
    "nothing": "",
    "comments only": "# nobody yet\n",
    "a key without a value": "connections:\n",
    "an empty mapping": "connections: {}\n",
    "another family": COMMENTED,
    "another alias": "connections:\n  mysql:\n    old: {host: h}\n    # the end\n  duckdb:\n    d:\n      path: x\n",
    "a family without a value": "connections:\n  mysql:\n  duckdb:\n    d:\n      path: x\n",
    "an empty family": "connections:\n  mysql: {}\n",
    "no top": "version: 1\nduckdb:\n  d:\n    path: x\n",
    "no newline at the end": "connections:\n  duckdb:\n    d:\n      path: x",
    "flow": "connections: {duckdb: {d: {path: x}}}\n",
    "flow over lines": "connections: {\n  mysql: {old: {host: h}},  # two\n  duckdb: {d: {path: x}}  # three\n}\n",
    "a text of several lines": "connections:\n  duckdb:\n    d:\n      path: |\n        x\n        y\n\n# after\n",
    "wide indents": "connections:\n        mysql:\n                old:\n                        host: h\n",
    "windows": "connections:\r\n  mysql:\r\n    old:\r\n      host: h\r\n",
    "a text without end mark": "connections:\n  mysql:\n    old:\n      host:\n  duckdb:\n    d: {path: x}\n",
}


def tree(text: str) -> dict[str, dict[str, object]]:
    document = yaml.safe_load(text) or {}
    return document.get("connections", document) or {}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_connection_is_there_and_everything_else_is_as_it_was(text: str) -> None:
    added = with_connection(text, SHOP, FIELDS)
    before = tree(text)
    assert tree(added) == {**before, "mysql": {**(before.get("mysql") or {}), "shop": FIELDS}}
    left = iter(added.splitlines())
    kept = [line for line in text.splitlines() if "{" not in line]
    assert all(any(line == other for other in left) for line in kept), added


def test_it_reads_as_if_a_person_had_written_it() -> None:
    assert with_connection(COMMENTED, SHOP, {"host": "db", "password": "${PW}"}) == COMMENTED.replace(
        "# here\n", '# here\n  mysql:\n    shop:\n      host: db\n      password: "${PW}"\n'
    )


@pytest.mark.parametrize("text", ["- a list\n", "connections: [a]\n", "connections: {mysql: {old: {host: h},},}\n"])
def test_what_cannot_be_added_to_is_left_alone_with_the_lines_to_add(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_connection(text, SHOP, FIELDS)
    assert '{"mysql": {"shop": {"host": "db"' in caught.value.hint


def test_a_tab_after_a_colon_is_in_nobodys_way() -> None:
    text = "connections:\n  duckdb:\n    d:\n      path:\tx\n"
    assert with_connection(text, SHOP, {"host": "db"}) == f"{text}  mysql:\n    shop:\n      host: db\n"
