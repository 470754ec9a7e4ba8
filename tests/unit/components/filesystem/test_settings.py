"""What a user may say about files, and what is said to one who says something else."""

from typing import Any

import pytest
from pydantic import ValidationError

from osiris.components.filesystem.config import (
    CsvExtract,
    CsvWrite,
    JsonExtract,
    JsonWrite,
    ParquetExtract,
    ParquetWrite,
)
from osiris.kit.component import Config
from osiris.kit.describe import describe
from osiris.kit.registry import Registry
from osiris.kit.text_types import column_type


@pytest.mark.parametrize(
    ("config", "values", "said"),
    [
        (CsvExtract, {"delimiter": "||"}, "is not one ASCII character"),
        (CsvExtract, {"delimiter": "\n"}, "is not one ASCII character"),
        (CsvExtract, {"delimiter": "é"}, "is not one ASCII character"),
        (CsvExtract, {"delimiter": "\\t"}, "write a tab in double quotes"),
        (CsvExtract, {"comment": "//"}, "is not one ASCII character"),
        (CsvExtract, {"delimiter": '"'}, "`delimiter`, `quotechar` and `comment` must differ"),
        (CsvExtract, {"comment": ","}, "`delimiter`, `quotechar` and `comment` must differ"),
        (CsvExtract, {"header": -1}, "rows are counted from 0"),
        (CsvExtract, {"columns": ["a", "a"]}, "a column is named twice"),
        (JsonExtract, {"columns": ["a", "a"]}, "a column is named twice"),
        (ParquetExtract, {"columns": ["a", "a"]}, "a column is named twice"),
        (CsvExtract, {"columns": {"a": "money"}}, "column 'a': 'money' is not a type"),
        (
            JsonExtract,
            {"columns": {"a": "list<item: int64>"}},
            "column 'a': 'list<item: int64>' can't be read from text",
        ),
        (CsvExtract, {"columns": {"a": "duration[s]"}}, "can't be read from text; possible: string, bool"),
        (CsvExtract, {"columns": {"a": "date"}, "dtype": {"a": "string"}}, "give column 'a' different types"),
        (CsvExtract, {"settled": {"a": "money"}}, "'money' is not a type"),
        (CsvExtract, {"sep": ";"}, "there is no setting 'sep': write `delimiter`"),
        (CsvExtract, {"file_path": "x"}, "there is no setting 'file_path': write `path`"),
        (CsvWrite, {"line_terminator": "\n"}, "write `newline: lf` or `newline: crlf`"),
        (CsvWrite, {"delimiter": '"'}, "`delimiter` and `quotechar` must differ"),
        (CsvWrite, {"null_text": "a,b"}, "`null_text` can't hold the delimiter"),
        (CsvWrite, {"write_mode": "merge"}, "a file has no keys to merge by"),
        (JsonWrite, {"write_mode": "upsert"}, "a file has no keys to merge by"),
        (ParquetWrite, {"write_mode": 1}, "write_mode"),
        (CsvWrite, {"path": "out.csv.gz"}, "files are not packed when they are written"),
        (ParquetWrite, {"create_if_missing": True}, "a file is always made where it is missing"),
        (CsvWrite, {"nonsense": 1}, "nonsense"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_word_that_does(
    config: type[Config], values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        config.model_validate({"path": "x"} | values)
    assert said in str(caught.value)


def test_words_of_other_tools_that_say_nothing_are_let_pass() -> None:
    assert CsvExtract.model_validate({"path": "x", "sep": None, "comment": None}).delimiter == ","
    with pytest.raises(ValidationError):
        CsvExtract.model_validate(["path"])


@pytest.mark.parametrize("synonym", ["insert", "append"])
def test_ways_to_write_have_one_word_each(synonym: str) -> None:
    assert CsvWrite.model_validate({"path": "x", "write_mode": synonym}).write_mode == "append"


def test_a_list_of_dates_and_both_ways_to_give_types_add_up() -> None:
    config = CsvExtract(path="x", parse_dates=["d"], dtype={"a": "Int64"}, columns={"b": "date"})
    assert config.declared() == {"d": "timestamp[us]", "a": "Int64", "b": "date"}


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Int64", "int64"),
        ("float", "double"),
        ("float32", "float"),
        ("category", "string"),
        ("datetime64[ns]", "timestamp[ns]"),
        ("datetime64[ms, UTC]", "timestamp[ms, tz=UTC]"),
        ("decimal(12, 2)", "decimal128(12, 2)"),
        ("timestamptz", "timestamp[us, tz=UTC]"),
        ("struct<A: int64>", "struct<A: int64>"),
    ],
)
def test_types_may_be_spelt_as_arrow_sql_and_pandas_do(word: str, kind: str) -> None:
    assert str(column_type(word)) == kind


@pytest.mark.parametrize(
    "name", [f"filesystem.{kind}_{verb}" for kind in ("csv", "json", "parquet") for verb in ("extractor", "writer")]
)
def test_every_example_fits_its_component_and_every_setting_is_described(name: str) -> None:
    registry = Registry.installed()
    config = registry.kind(name).about.config
    for example in registry.kind(name).about.examples:
        config.model_validate(example.config)
    assert describe(registry, name).description
    for field, info in config.model_fields.items():
        assert info.description, field
