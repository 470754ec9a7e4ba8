"""What is published about types is what the components do."""

import pyarrow as pa
import pytest

from osiris.kit.arrow import type_of
from osiris.kit.describe import config_schema, describe
from osiris.kit.mapping import Writes, losses, written_as
from osiris.kit.registry import Registry

REGISTRY = Registry.installed()
TABLE = (
    Writes("int64", "BIGINT"),
    Writes("decimal(p, s)", "DECIMAL(p, s)"),
    Writes("timestamp[us, tz=…]", "TIMESTAMP(6)", "widening"),
    Writes("timestamp[ns]", "DATETIME(6)", "lossy", "Nanoseconds are an error."),
    Writes("fixed_size_binary[n]", "BLOB"),
    Writes("list, struct", "JSON", "widening"),
    Writes("string", "TEXT"),
)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("int64", "BIGINT"),
        ("decimal128(12, 2)", "DECIMAL(p, s)"),
        ("decimal256(60, 2)", "DECIMAL(p, s)"),
        ("timestamp[us, tz=Europe/Prague]", "TIMESTAMP(6)"),
        ("timestamp[ns]", "DATETIME(6)"),
        ("fixed_size_binary[16]", "BLOB"),
        ("list<item: int64>", "JSON"),
        ("struct<a: int64>", "JSON"),
        ("map<string, int64>", "JSON"),
        ("timestamp[us]", None),
    ],
)
def test_a_type_is_found_by_its_name_or_its_kind(kind: str, target: str | None) -> None:
    line = written_as(type_of(kind), TABLE)
    assert (line.target if line else None) == target


def test_a_dictionary_is_what_its_values_are() -> None:
    line = written_as(pa.dictionary(pa.int8(), pa.string()), TABLE)
    assert line is not None
    assert line.target == "TEXT"


def test_only_what_does_not_stay_as_it_is_is_told() -> None:
    rows = pa.schema([("id", pa.int64()), ("day", pa.timestamp("ns")), ("at", pa.timestamp("us", tz="UTC"))])
    assert [(lost.column, lost.source, lost.loss) for lost in losses(rows, TABLE)] == [
        ("day", "timestamp[ns]", "lossy"),
        ("at", "timestamp[us, tz=UTC]", "widening"),
    ]


@pytest.mark.parametrize("name", [name for name in REGISTRY.names() if name.endswith("writer")])
def test_every_writer_publishes_what_becomes_of_types(name: str) -> None:
    types = describe(REGISTRY, name).types
    assert types
    assert len({line.comes for line in types}) == len(types)


@pytest.mark.parametrize("name", ["duckdb.writer", "sqlite.writer"])
def test_every_type_that_has_a_name_is_in_the_table_of_a_database_or_refused(name: str) -> None:
    lines = [line for line in REGISTRY.kind(name).about.types if isinstance(line, Writes)]
    plain = ("bool", "int8", "uint64", "halffloat", "double", "string", "large_binary", "date64[ms]", "time64[ns]",
             "timestamp[ns, tz=UTC]", "decimal128(9, 1)", "fixed_size_binary[4]")  # fmt: skip
    assert [kind for kind in plain if written_as(type_of(kind), lines) is None] == []


def test_a_setting_stands_in_the_schema_under_all_its_names() -> None:
    schema = config_schema(REGISTRY.kind("mysql.writer"))
    assert schema["properties"]["mode"]["deprecated"]
    assert schema["properties"]["upsert_keys"]["description"] == "Means the same as `primary_key`."
