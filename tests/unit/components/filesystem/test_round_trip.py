"""What is written is what is read, whatever it is."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.components.filesystem.files import Files, values

TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab: ,<>", max_size=3), inner, max_size=3),
)


DIALECTS = st.fixed_dictionaries(
    {
        "path": st.just("x"),
        "delimiter": st.sampled_from(",;\t| x0"),
        "quotechar": st.sampled_from("\"'"),
        "null_text": st.sampled_from(["", "NULL", "\\N", "a"]),
        "encoding": st.sampled_from(["utf-8", "utf-16"]),
    }
)
STYLES = st.fixed_dictionaries(
    {"quoting": st.sampled_from(["minimal", "all", "nonnumeric"]), "newline": st.sampled_from(["lf", "crlf"])}
)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, dialect=DIALECTS, style=STYLES)
def test_any_text_comes_back_from_csv_in_every_dialect(
    texts: list[str | None], dialect: dict[str, Any], style: dict[str, Any]
) -> None:
    with TemporaryDirectory() as folder:
        files = Files(Path(folder))
        table = pa.table({"t": pa.array(texts, pa.string()), "n": range(len(texts))})
        for written in (table, table.select(["t"])):
            files.write("csv", written, **dialect, **style)
            assert values(files.read("csv", columns={"t": "string"}, **dialect)) == texts


@settings(max_examples=60, deadline=None)
@given(numbers=st.lists(st.none() | st.floats(), min_size=1, max_size=6))
def test_any_double_comes_back_from_csv_bit_for_bit(numbers: list[float | None]) -> None:
    with TemporaryDirectory() as folder:
        files = Files(Path(folder))
        files.write("csv", pa.table({"v": pa.array(numbers, pa.float64())}), path="x")
        found = files.read("csv", path="x", columns={"v": "double"})
        assert [repr(value) for value in values(found)] == [repr(value) for value in numbers]


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["a", "b"]), JSON, max_size=2), min_size=1, max_size=4))
def test_any_json_is_read_without_a_loss_and_its_plan_holds(rows: list[dict[str, Any]]) -> None:
    if not any(rows):
        return
    with TemporaryDirectory() as folder:
        files = Files(Path(folder))
        text = "\n".join(map(json.dumps, rows))
        lines = files.read("json", path=files.put("x", text))
        array = files.read("json", path=files.put("x", json.dumps(rows, indent=1)))
        assert lines.equals(array)
        for row, found in zip(rows, lines.to_pylist(), strict=True):
            for key in lines.column_names:
                assert _same(row.get(key), found[key])


def _same(given_: Any, found: Any) -> bool:
    """Return whether a value is what was given: itself, its text, or its JSON; a missing key is NULL."""
    if isinstance(found, str) and not isinstance(given_, str):
        return bool(json.loads(found) == given_)
    if isinstance(given_, dict) and isinstance(found, dict):
        return all(_same(given_.get(key), value) for key, value in found.items()) and found.keys() >= given_.keys()
    if isinstance(given_, list) and isinstance(found, list):
        return len(given_) == len(found) and all(map(_same, given_, found))
    return bool(given_ == found) and (given_ is None) == (found is None)
