"""A YAML file is read as YAML 1.2 says, with places and limits."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from osiris.model.diagnostics import Severity
from osiris.model.document import MOST_ALIASES, MOST_BYTES, MOST_FOUND, MOST_NESTED, read
from osiris.model.place import Place, path_text


def codes(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    return [finding.code for finding in read(content).found]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("010", 10),
        ("-010", -10),
        ("12:30", "12:30"),
        ("2025-01-01", "2025-01-01"),
        ("0o17", 15),
        ("08", 8),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1e3", 1000.0),
        ("=", "="),
    ],
)
def test_a_word_on_which_the_versions_differ_has_a_warning_that_asks_for_quotes(word: str, value: object) -> None:
    document = read(f"key: {word}".encode())
    assert document.root.value == {"key": value}
    (finding,) = document.found
    assert (finding.code, finding.severity) == ("OSR-YML-012", Severity.WARNING)
    assert (finding.path, finding.line, finding.column) == ("key", 1, 6)
    assert f'"{word}"' in finding.hint


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("00", 0),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("plain words", "plain words"),
        ('"010"', "010"),
        ("'NO'", "NO"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!!int 5", 5),
        ("!!float 5", 5),
        ("!!map {}", {}),
        ("!!seq []", []),
    ],
)
def test_other_words_mean_one_thing(word: str, value: object) -> None:
    document = read(f"key: {word}".encode())
    assert document.root.value == {"key": value}
    assert document.found == ()


def test_keys_are_text_as_written() -> None:
    assert read(b"1: a\ntrue: b\nnull: c\n").root.value == {"1": "a", "true": "b", "null": "c"}


def test_an_empty_file_is_none_without_a_finding() -> None:
    assert read(b"").root.value is None
    assert read(b"# only a comment\n").root.value is None
    assert codes(b"") == []


def test_a_byte_order_mark_and_windows_lines_are_no_part_of_the_text() -> None:
    document = read(b"\xef\xbb\xbfa: |\r\n  x\r\n  y\r\nb: 1\r\n")
    assert document.root.value == {"a": "x\ny\n", "b": 1}
    assert document.root.place_of(("b",)) == Place(4, 1)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (b"a: caf\xe9", "OSR-YML-002", (1, 7)),
        (b"a: 1\nb: \xff", "OSR-YML-002", (2, 4)),
        (b"a: 1\nb: \x07", "OSR-YML-003", (2, 4)),
        (b"a: 1\n---\nb: 2\n", "OSR-YML-004", (2, 1)),
        (b"- " * (MOST_NESTED + 2) + b"x", "OSR-YML-005", (1, 103)),
        (b"a: *nowhere", "OSR-YML-006", (1, 4)),
        (b"a: &x [*x]", "OSR-YML-006", (1, 8)),
        (b"a: 1\nb: 2\na: 3\n", "OSR-YML-008", (3, 1)),
        (b"? [a]\n: b", "OSR-YML-009", (1, 3)),
        (b"a: .inf", "OSR-YML-010", (1, 4)),
        (b"a: -.INF", "OSR-YML-010", (1, 4)),
        (b"a: .nan", "OSR-YML-010", (1, 4)),
        (b"a: 1e999", "OSR-YML-010", (1, 4)),
        (b"a: 0.12345678901234567890", "OSR-YML-010", (1, 4)),
        (b"a: 1e-999", "OSR-YML-010", (1, 4)),
        (b"a: 1e-99999999999999999999999", "OSR-YML-010", (1, 4)),
        (b"a: !!python/object:os.system x", "OSR-YML-011", (1, 4)),
        (b"a: !!int x", "OSR-YML-011", (1, 4)),
        (b"a: !!set {x: }", "OSR-YML-011", (1, 4)),
        (b"a: !!omap [x]", "OSR-YML-011", (1, 4)),
        (b"a: 'open", "OSR-YML-013", (1, 9)),
        (b"a: b: c", "OSR-YML-013", (1, 5)),
    ],
)
def test_what_can_not_be_read_is_one_error_with_its_place(text: bytes, code: str, place: tuple[int, int]) -> None:
    (finding,) = read(text).errors
    assert (finding.code, (finding.line, finding.column)) == (code, place)
    assert finding.message
    assert finding.hint


@pytest.mark.parametrize("parser", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_both_of_pyyamls_parsers_give_the_same(parser: object) -> None:
    text = b"a: [1, &x {b: 'c'}]\nd: *x\ne: |\n  text\n  more\nf: NO\n"
    assert read(text, parser=parser) == read(text)
    assert read(b"[" * 60, parser=parser).found[0].code == "OSR-YML-005"
    assert read(b"a: \x07", parser=parser).found[0].code == "OSR-YML-003"
    assert read(b"a: [", parser=parser).found[0].code == "OSR-YML-013"


def test_too_many_brackets_are_told_as_nesting() -> None:
    assert codes(b"[" * 5_000) == ["OSR-YML-005"]


def test_a_tab_and_a_bare_reference_have_hints_of_their_own() -> None:
    assert "tabs" in read(b"a:\n\tb: 1").found[0].hint
    assert "quotes" in read(b"a: {b: ${x.df}}").found[0].hint


def test_more_than_five_megabytes_are_not_read() -> None:
    assert codes(b" " * (MOST_BYTES + 1)) == ["OSR-YML-001"]
    assert codes(b" " * MOST_BYTES) == []


def test_a_bomb_of_aliases_is_one_error() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert codes("\n".join(lines)) == ["OSR-YML-007"]


def test_aliases_have_a_number_and_a_depth() -> None:
    few = "a: &a 1\nb: [" + ", ".join(["*a"] * MOST_ALIASES) + "]"
    assert codes(few) == []
    assert codes(few.replace("[", "[*a, ")) == ["OSR-YML-007"]
    deep = "\n".join(["a0: &a0 {x: 1}", *(f"a{i}: &a{i} {{x: *a{i - 1}}}" for i in range(1, MOST_NESTED + 1))])
    assert codes(deep) == ["OSR-YML-007"]


def test_an_alias_repeats_a_value_and_keeps_the_place_where_it_was_written() -> None:
    root = read(b"a: &x\n  b: 1\nc: *x\nd: {<<: *x, e: 2}\nf:\n  <<: [*x, {b: 5, g: 3}]\n&k h: *k\n").root
    assert root.value == {
        "a": {"b": 1},
        "c": {"b": 1},
        "d": {"b": 1, "e": 2},
        "f": {"b": 1, "g": 3},
        "h": "h",
    }
    assert root.place_of(("c", "b")) == Place(2, 3)
    assert root.place_of(("d", "b")) == Place(2, 3)


def test_a_merge_key_never_beats_a_key_that_is_written() -> None:
    assert read(b"a: &x {b: 1}\nc: {b: 2, <<: *x}").root.value["c"] == {"b": 2}
    assert read(b"c: {<<: text}").root.value == {"c": {"<<": "text"}}


def test_places_are_those_of_keys_and_items() -> None:
    root = read(b"steps:\n  - id: a\n    config: {x: [1, 2]}\n").root
    assert root.place_of(("steps", 0, "id")) == Place(2, 5)
    assert root.place_of(("steps", 0, "config", "x", 1)) == Place(3, 21)
    assert root.place_of(("steps", 0, "nothing", "here")) == Place(2, 5)
    assert root.place_of(()) == Place(1, 1)
    assert root.find(("steps", 7)) is None
    assert path_text(("steps", 2, "config", "query")) == "steps[2].config.query"
    assert path_text(()) == ""


def test_a_walk_meets_everything_in_file_order() -> None:
    paths = [path_text(path) for path, _ in read(b"b: [1, {c: 2}]\na: 3").root.walk()]
    assert paths == ["", "b", "b[0]", "b[1]", "b[1].c", "a"]


TEXTS = b"""literal: |  # with a comment
  SELECT a,

    custmer FROM t
folded: >
  a b
  c d

  e
indented: |2
    x
   y
strip: |-
  last
double: "a\\n b\\"c\\u00e9x \\
   joined
   yy \\x41 \\U0001F600 z"
single: 'it''s x
   w'
tagged: !!str &k plain text
   here
short: x
"""


def test_each_character_of_a_text_is_found_in_the_file() -> None:
    root = read(TEXTS).root
    lines = TEXTS.decode().split("\n")
    for key, text in root.value.items():
        for offset, char in enumerate(text):
            place = root.items[key].place_at(offset)
            if not char.isspace():
                written = lines[place.line - 1][place.column - 1]
                assert written in (char, "\\"), (key, offset, char)


def test_a_place_behind_the_last_character_is_still_in_the_file() -> None:
    node = read(b"a: abc").root.items["a"]
    assert node.place_at(3) == node.place_at(99) == Place(1, 7)


def test_a_file_full_of_faults_is_told_up_to_a_number() -> None:
    words = "\n".join(f"k{i}: NO" for i in range(3 * MOST_FOUND))
    assert len(codes(words)) == MOST_FOUND
    twice = "\n".join("k: 1" for _ in range(3 * MOST_FOUND))
    assert len(codes(twice)) == MOST_FOUND


PRINTABLE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff")
LEAVES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(PRINTABLE, max_size=20)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(PRINTABLE, max_size=5), inner, max_size=4),
)


@given(TREES)
def test_json_is_yaml(value: object) -> None:
    document = read(json.dumps(value, ensure_ascii=False).encode())
    assert document.root.value == value
    assert document.errors == ()
