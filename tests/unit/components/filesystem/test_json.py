"""JSON in and out: integers are integers, numbers are as they are written, nested data stays nested."""

import gzip
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.components.filesystem.files import Files, drained, types, values

from osiris.components.filesystem.json_extractor import MOST_COLUMNS
from osiris.components.filesystem.source import BLOCK, MOST_IN_A_RECORD
from osiris.kit.json_shape import MOST_DEPTH, MOST_KEYS
from osiris.model.errors import CheckFailed, SourceError, TargetError


def both(*objects: str) -> list[str]:
    """Return the objects as lines, as a dense array and as a spread one."""
    return ["\n".join(objects), f"[{','.join(objects)}]", "[\n  " + " ,\r\n\t".join(objects) + "\n]\n"]


@pytest.mark.parametrize(
    ("objects", "kind", "expected"),
    [
        (["1", "-2"], "int64", [1, -2]),
        ([str(2**63 - 1), str(-(2**63))], "int64", [2**63 - 1, -(2**63)]),
        ([str(2**63), "1"], "string", [str(2**63), "1"]),
        (["12345678901234567890123"], "string", ["12345678901234567890123"]),
        (["1.5", "1e2", "2"], "double", [1.5, 100.0, 2.0]),
        (["1.10"], "double", [1.1]),
        (["9007199254740993", "0.5"], "string", ["9007199254740993", "0.5"]),
        (["0.1234567890123456789"], "string", ["0.1234567890123456789"]),
        (["123456789012.3456"], "double", [123456789012.3456]),
        (["1e400"], "string", ["1e400"]),
        (["true", "null"], "bool", [True, None]),
        (['"x"', '""', "null"], "string", ["x", "", None]),
        (['"2024-01-01"'], "string", ["2024-01-01"]),
        (['"\\ud83e\\udd8a \\u0000"'], "string", ["🦊 \0"]),
        (["null"], "string", [None]),
        (['"1"', "1", "1.50", "true", '{"a":[1,2.50,null,"ž"]}'], "string", None),
        (["[1,2]", "[]", "null", "[null]"], "list<item: int64>", [[1, 2], [], None, [None]]),
        (["[]"], "list<item: string>", [[]]),
        (["[[1.5],[]]"], "list<item: list<item: double>>", [[[1.5], []]]),
        (["{}"], "string", ["{}"]),
        (
            ['{"a":1,"b":{"c":[true]}}', '{"b":null}', "{}", "null"],
            "struct<a: int64, b: struct<c: list<item: bool>>>",
            [{"a": 1, "b": {"c": [True]}}, {"a": None, "b": None}, {"a": None, "b": None}, None],
        ),
        (
            ['[{"a":1},{"b":"x"}]'],
            "list<item: struct<a: int64, b: string>>",
            [[{"a": 1, "b": None}, {"a": None, "b": "x"}]],
        ),
        (['{"a: b":1}'], "string", ['{"a: b":1}']),
        (['{"a, b":[1.50]}'], "string", ['{"a, b":[1.50]}']),
    ],
)
def test_a_key_has_the_type_that_holds_every_value_exactly(
    files: Files, objects: list[str], kind: str, expected: list[Any] | None
) -> None:
    for text in both(*(f'{{"id":{number},"v":{value}}}' for number, value in enumerate(objects))):
        table = files.read("json", path=files.put("in.json", text))
        assert types(table) == ["int64", kind]
        if expected is None:
            expected = ["1", "1", "1.50", "true", '{"a":[1,2.50,null,"ž"]}']
        assert values(table, "v") == expected
        assert values(table, "id") == list(range(len(objects)))


def test_a_missing_key_is_null_and_columns_come_in_the_order_of_the_file(files: Files) -> None:
    for text in both('{"b":1}', '{"a":"x","b":null}', "{}"):
        assert files.read("json", path=files.put("in.json", text)).to_pylist() == [
            {"b": 1, "a": None},
            {"b": None, "a": "x"},
            {"b": None, "a": None},
        ]


def test_blank_lines_a_mark_and_windows_line_ends_say_nothing(files: Files) -> None:
    path = files.put("in.json", '\ufeff\r\n{"a":1}\r\n\r\n  \r\n{"a":2}\r\n')
    assert values(files.read("json", path=path)) == [1, 2]


def test_packed_and_otherwise_encoded_files_are_read_too(files: Files) -> None:
    assert values(files.read("json", path=files.put("in.json.gz", gzip.compress(b'{"a":1}')))) == [1]
    assert values(files.read("json", path=files.put("in.json", '[{"a":"é"}]'.encode("utf-16")), encoding="utf-16")) == [
        "é"
    ]


def test_an_object_may_be_longer_than_what_is_read_at_once(files: Files) -> None:
    for ends in range(-20, 3):  # where the first block ends: inside a word, a number, an escape, a name
        tail = '\\u00e9",true,12.5e-3,null],"name":"x"}'
        first = '{"v":["' + "x" * (BLOCK + ends - len(tail)) + tail
        for text in both(first, '{"v":null}'):
            table = files.read("json", path=files.put("in.json", text), columns={"v": "string"})
            assert values(table, "name") == ["x", None]
            assert values(table, "v")[0].endswith('é",true,12.5e-3,null]')


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ("string", "1.10", "1.10"),
        ("string", '{"a": [1, "x"]}', '{"a":[1,"x"]}'),
        ("string", '"x"', "x"),
        ("int64", '"12"', 12),
        ("int64", "null", None),
        ("double", "12345678901234567890", 12345678901234567890.0),
        ("decimal(12, 2)", "1.1", Decimal("1.10")),
        ("decimal(12, 2)", '"1.10"', Decimal("1.10")),
        ("decimal(12, 2)", "1e2", Decimal("100.00")),
        ("decimal(30, 0)", "123456789012345678901234567890", Decimal(123456789012345678901234567890)),
        ("bool", "true", True),
        ("bool", '"false"', False),
        ("date", '"2024-02-29"', date(2024, 2, 29)),
        ("timestamptz", '"2024-02-29T12:30:00Z"', datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("time", '"12:30:00"', time(12, 30)),
        ("binary", '"00ff"', b"\x00\xff"),
    ],
)
def test_a_declared_column_is_read_from_its_text(files: Files, declared: str, value: str, expected: Any) -> None:
    path = files.put("in.json", f'{{"v":{value}}}')
    assert values(files.read("json", path=path, columns={"v": declared})) == [expected]


@pytest.mark.parametrize(
    ("declared", "value"),
    [("int64", "1.0"), ("int64", '"x"'), ("int64", "[1]"), ("date", '"2024-13-01"'), ("decimal(12, 2)", "1.005")],
)
def test_a_value_that_is_not_of_the_declared_type_is_an_error_with_its_row(
    files: Files, declared: str, value: str
) -> None:
    error = files.refused("json", path=files.put("in.json", f'{{"v":null}}\n{{"v":{value}}}'), columns={"v": declared})
    assert isinstance(error, SourceError)
    assert f"column 'v', row 2: the value can't be read as {declared.partition('(')[0][:4]}" in error.message


def test_a_list_of_columns_selects_them_and_does_not_mind_the_others(files: Files) -> None:
    planned = files.planned("json", path=files.put("in.json", '{"a":1,"b":2}'), columns=["b", "a"])
    files.put("in.json", '{"a":1,"b":2,"c":3}\n{"b":4}')
    assert drained(files.extractor("json", **planned)).to_pylist() == [{"b": 2, "a": 1}, {"b": 4, "a": None}]


def test_declared_columns_are_there_in_a_file_without_objects(files: Files) -> None:
    for text in ("", " \n", "[]", "[ ]\n"):
        path = files.put("in.json", text)
        table = files.read("json", path=path, columns={"a": "int64"})
        assert (table.column_names, types(table), table.num_rows) == (["a"], ["int64"], 0)
        assert types(files.read("json", path=path, columns=["a"])) == ["string"]


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_a_limit_is_the_most_objects_that_are_read(files: Files, limit: int) -> None:
    for text in both('{"a":1}', '{"a":2}'):
        table = files.read("json", path=files.put("in.json", text), limit=limit, columns=["a"])
        assert table.num_rows == min(limit, 2)


def test_a_run_without_a_plan_looks_first(files: Files) -> None:
    table = drained(files.extractor("json", path=files.put("in.json", '{"a":1}\n{"b":1.5}')))
    assert types(table) == ["int64", "double"]


@pytest.mark.parametrize(
    ("planned", "met", "said"),
    [
        ('{"v":1}', '{"v":2}\n{"v":"x"}', "column 'v', row 2: the value is not the int64"),
        ('{"v":1}', '{"v":9223372036854775808}', "column 'v', row 1: the value is not the int64"),
        ('{"v":1}', '{"v":true}', "column 'v', row 1: the value is not the int64"),
        ('{"v":true}', '{"v":1}', "column 'v', row 1: the value is not the bool"),
        ('{"v":1.5}', '{"v":9007199254740993}', "column 'v', row 1: the value is not the double"),
        ('{"v":1.5}', '{"v":"1.5"}', "column 'v', row 1: the value is not the double"),
        ('{"v":{"a":1}}', '{"v":{"b":1}}', "column 'v', row 1: the value is not the struct<a: int64>"),
        ('{"v":{"a":1}}', '{"v":{"a":"x"}}', "column 'v', row 1: the value is not the struct<a: int64>"),
        ('{"v":[1]}', '{"v":[1,"x"]}', "column 'v', row 1: the value is not the list<item: int64>"),
        ('{"v":[1]}', '{"v":1}', "column 'v', row 1: the value is not the list<item: int64>"),
        ('{"v":1}', '{"v":2}\n{"w":1}', "row 2: key 'w' is new since the pipeline was compiled"),
    ],
)
def test_a_run_that_meets_something_else_than_the_plan_fails(files: Files, planned: str, met: str, said: str) -> None:
    config = files.planned("json", path=files.put("in.json", planned))
    files.put("in.json", met)
    with pytest.raises(CheckFailed) as caught:
        drained(files.extractor("json", **config))
    assert said in caught.value.message
    assert caught.value.hint


def test_what_the_plan_took_for_text_takes_anything(files: Files) -> None:
    config = files.planned("json", path=files.put("in.json", '{"v":null}'))
    files.put("in.json", '{"v":1.50}\n{"v":[1]}')
    assert values(drained(files.extractor("json", **config))) == ["1.50", "[1]"]


@pytest.mark.parametrize(
    ("text", "config", "said"),
    [
        ("", {}, "'in.json' holds nothing that could be a column"),
        ("[]", {}, "'in.json' holds nothing that could be a column"),
        ("{}\n{}", {}, "'in.json' holds nothing that could be a column"),
        ("a,b\n1,2\n", {}, "'in.json' begins with 'a', which begins neither an object nor an array"),
        ("é", {}, "'in.json' begins with 'é', which begins neither an object nor an array"),
        (b"\x00\x01", {}, "'in.json' is not text: it holds binary data"),
        ('{"a":1}', {"format": "array"}, "'in.json' begins with '{', which is not how `format: array` begins"),
        ('[{"a":1}]', {"format": "lines"}, "'in.json' begins with '[', which is not how `format: lines` begins"),
        ("", {"format": "array", "columns": ["a"]}, "'in.json', line 1: the file ends before its array does"),
        ('{"a":1}\n{"a":', {}, "'in.json', line 2: the object has no end; it may be cut short, or one object"),
        ('{\n"a":1\n}', {}, "'in.json', line 1: the object has no end; it may be cut short, or one object"),
        ('{"a":1}{"a":2}', {}, "'in.json', line 1: this is not JSON: extra data"),
        ('{"a":1}\n5', {}, "'in.json', line 2: a number stands where an object must be"),
        ('{"a":1}\n"x"', {}, "'in.json', line 2: a text stands where an object must be"),
        ('{"a":1}\nnull', {}, "'in.json', line 2: null stands where an object must be"),
        ('{"a":1}\n[1]', {}, "'in.json', line 2: an array stands where an object must be"),
        ("[true]", {}, "'in.json', line 1: true or false stands where an object must be"),
        ("[1.5]", {}, "'in.json', line 1: a number stands where an object must be"),
        ('{"a":NaN}', {}, "'in.json', line 1: there is no NaN in JSON"),
        ('{"a":-Infinity}', {}, "'in.json', line 1: there is no -Infinity in JSON"),
        ('{"a":1}\n\n{"a":1,"b":2,"a":3}', {}, "'in.json', line 3: an object has 'a' twice"),
        ("{'a':1}", {}, "'in.json', line 1: this is not JSON: expecting property name enclosed in double quotes"),
        ('{"a":01}', {}, "'in.json', line 1: this is not JSON: expecting ',' delimiter"),
        ('{"a":"\t"}', {}, "'in.json', line 1: this is not JSON: invalid control character at"),
        ('{"a":"\\ud83e"}', {}, "'in.json', line 1: a text holds half a character: one surrogate without the other"),
        ('[{"\\uDD8A":1}]', {}, "'in.json', line 1: a text holds half a character: one surrogate without the other"),
        (f'{{"a":{"9" * 5000}}}', {}, "'in.json', line 1: a number has too many digits"),
        (f'{{"a":{"[" * 100_000}', {}, "'in.json', line 1: objects are nested too deep"),
        ("[", {}, "'in.json', line 1: the object has no end; it may be cut short, or one object"),
        ('[{"a":1}', {}, "'in.json', line 1: the file ends before its array does"),
        ('[{"a":1},\n]', {}, "'in.json', line 2: this is not JSON: expecting value"),
        ('[{"a":1}\n{"a":2}]', {}, "'in.json', line 2: '{' stands where ']' must be"),
        ('[{"a":1}]\n[]', {}, "'in.json', line 2: something stands after the array"),
        ('[\n{\n"a": x\n}\n]', {}, "'in.json', line 3: this is not JSON: expecting value"),
        ('{"a":1}', {"columns": ["b"]}, "'in.json' has no column 'b'"),
        ('{"price":1}', {"columns": {"prise": "int64"}}, "'in.json' has no column 'prise'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line_and_what_to_do(
    files: Files, text: str | bytes, config: dict[str, Any], said: str
) -> None:
    error = files.refused("json", path=files.put("in.json", text), **config)
    assert error.message.startswith(said)


def test_a_column_that_is_missing_comes_with_those_that_look_like_it(files: Files) -> None:
    path = files.put("in.json", '{"price":1,"city":"x"}')
    assert files.refused("json", path=path, columns=["prise"]).hint == "did you mean 'price'?"


@pytest.mark.parametrize("text", ['{"a":1}\n{"a":"', '[{"a":"'])
def test_a_text_without_an_end_is_found_before_it_fills_the_memory(files: Files, text: str) -> None:
    path = files.put("in.json", text + "x" * (MOST_IN_A_RECORD + 2 * BLOCK))
    error = files.refused("json", path=path)
    assert "is longer than 64 MiB" in error.message or "unterminated string" in error.message


def test_an_object_with_ever_new_keys_is_a_mapping_and_stays_text(files: Files) -> None:
    keys = ",".join(f'"k{number}":{number}' for number in range(MOST_KEYS + 1))
    table = files.read("json", path=files.put("in.json", f'{{"v":{{{keys}}}}}\n{{"v":{{"a":1}}}}'))
    assert types(table) == ["string"]
    assert values(table)[1] == '{"a":1}'
    keys = ",".join(f'"k{number}":{number}' for number in range(MOST_COLUMNS + 1))
    path = files.put("in.json", f"{{{keys}}}")
    assert "more than 1000 different keys" in files.refused("json", path=path).message
    assert files.read("json", path=path, columns=["k7"]).to_pylist() == [{"k7": 7}]


def test_what_is_nested_very_deep_is_text_from_there_on(files: Files) -> None:
    depth = MOST_DEPTH + 3
    table = files.read("json", path=files.put("in.json", f'{{"v":{"[" * depth}1{"]" * depth}}}'))
    found = values(table)[0]
    for _ in range(MOST_DEPTH):
        found = found[0]
    assert found == "[[[1]]]"


def test_rows_are_written_with_every_key_and_all_digits(files: Files) -> None:
    table = pa.table(
        {
            'a "key"': pa.array([2**63 - 1, None], pa.int64()),
            "price": pa.array([Decimal("1.10"), None], pa.decimal128(12, 2)),
            "ratio": [0.1, None],
            "text": ['q"\\\n\t\x01\u2028', None],
            "at": pa.array([datetime(2024, 2, 29, tzinfo=UTC), None], pa.timestamp("us", tz="UTC")),
            "bytes": [b"\x00\xff", None],
            "flag": [True, None],
            "word": pa.array(["x", None]).dictionary_encode(),
            "nested": [{"a": [1, None]}, None],
            "nothing": pa.nulls(2),
        }
    )
    files.write("json", table, path="out.json")
    first, second = files.get("out.json").splitlines()[0], json.loads(files.get("out.json").split("\n")[1])
    assert (
        first
        == (
            '{"a \\"key\\"":9223372036854775807,"price":1.10,"ratio":0.1,"text":"q\\"\\\\\\n\\t\\u0001\u2028",'
            '"at":"2024-02-29T00:00:00+00:00","bytes":"00ff","flag":true,"word":"x","nested":{"a":[1,null]},"nothing":null}'
        ).splitlines()[0]
    )
    assert second == dict.fromkeys(table.column_names)


def test_an_array_has_one_object_a_line(files: Files) -> None:
    files.write("json", pa.table({"a": [1, 2]}), path="out.json", format="array")
    assert files.get("out.json") == '[\n{"a":1},\n{"a":2}\n]\n'
    files.write("json", pa.table({"a": pa.array([], pa.int64())}), path="out.json", format="array")
    assert json.loads(files.get("out.json")) == []


@pytest.mark.parametrize(
    "old", ["", "[]", "[ \n ]", "[\n]\n", '[{"a":1}]', '[{"a":1} ]\n\n', '[\n  {"a": 1}\n]' + " " * 1_100_000]
)
def test_objects_are_appended_to_any_array(files: Files, old: str) -> None:
    files.put("out.json", old)
    before = len(json.loads(old)) if old else 0
    written = files.write("json", pa.table({"a": [2, 3]}), path="out.json", format="array", write_mode="append")
    assert json.loads(files.get("out.json"))[before:] == [{"a": 2}, {"a": 3}]
    assert written.rows_after == before + 2
    files.write("json", pa.table({"a": pa.array([], pa.int64())}), path="out.json", format="array", write_mode="append")
    assert len(json.loads(files.get("out.json"))) == before + 2


@pytest.mark.parametrize("old", ["", '{"b":1}', '{"b":1}\n', '{"b":1}\r\n\n'])
def test_lines_are_appended_whatever_keys_the_others_have(files: Files, old: str) -> None:
    files.put("out.json", old)
    written = files.write("json", pa.table({"a": [2]}), path="out.json", write_mode="append")
    found = [json.loads(line) for line in files.get("out.json").splitlines() if line]
    assert found == ([{"b": 1}] if old else []) + [{"a": 2}]
    assert written.rows_after == len(found)


@pytest.mark.parametrize(
    ("old", "layout", "error", "said"),
    [
        ('[{"a":1}]', "lines", TargetError, "'out.json' is not in `format: lines`"),
        ('{"a":1}', "array", TargetError, "'out.json' is not in `format: array`"),
        ('[{"a":1}', "array", SourceError, "'out.json', line 1: the file ends before its array does"),
        ("a,b", "lines", SourceError, "'out.json' begins with 'a'"),
    ],
)
def test_rows_are_appended_only_to_json_of_the_same_format(
    files: Files, old: str, layout: str, error: type[Exception], said: str
) -> None:
    files.put("out.json", old)
    found = files.not_written("json", pa.table({"a": [1]}), path="out.json", format=layout, write_mode="append")
    assert isinstance(found, error)
    assert found.message.startswith(said)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], {"x": float("nan")}])
def test_a_number_that_json_lacks_is_an_error_that_names_the_column(files: Files, value: Any) -> None:
    error = files.not_written("json", pa.table({"t": ["x"], "v": [value]}), path="out.json")
    assert isinstance(error, CheckFailed)
    assert error.message == "column 'v' holds NaN or infinity, which JSON can't say"


def test_what_is_written_is_read_as_the_same_rows(files: Files) -> None:
    table = pa.table({"i": [1, None], "d": [0.5, None], "t": ["", None], "n": [{"a": [1], "b": "x"}, None]})
    for layout in ("lines", "array"):
        files.write("json", table, path="out.json", format=layout)
        assert files.read("json", path="out.json").equals(table)
