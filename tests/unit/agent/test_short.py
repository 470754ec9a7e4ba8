import json
from typing import Any

import pytest

from osiris.agent.policy import See
from osiris.agent.short import evidence_ids, in_short, veiled
from osiris.app.catalogue import DescribedTables, Rows
from osiris.model.catalogue import Column, ColumnProfile, Table, TableProfile
from osiris.model.settings import Sampling

ROWS = Rows(
    columns=("email", "amount"),
    types=("string", "int64"),
    rows=(("ada@example.com", "12"), ("ben@example.com", None), ("ada@example.com", "12")),
    cut=True,
)
PROFILE = TableProfile(
    table="orders",
    rows=12,
    exact=True,
    columns=(
        ColumnProfile(name="status", type="string", nulls=0.25, distinct=2, values=("cancelled", "paid")),
        ColumnProfile(name="amount", type="int64", nulls=0, distinct=9, minimum="3", maximum="99"),
        ColumnProfile(name="contact", type="string", nulls=0, distinct=1, values=("ada@example.com",)),
        ColumnProfile(name="birthday", type="date32", nulls=0, distinct=9, minimum="1980-01-01", maximum="2001-01-01"),
    ),
)


def seeing(sampling: Sampling) -> See:
    return lambda _column: sampling


@pytest.mark.parametrize("sampling", ["none", "profile"])
def test_values_of_rows_never_reach_the_model(sampling: Sampling) -> None:
    short = in_short(ROWS, seeing(sampling))
    assert (short["rows"], short["more"]) == (3, True)
    assert "the person sees them" in short["withheld"]
    assert not {"ada", "ben", "12"} & set(json.dumps(short).replace("@", '"').split('"'))


def test_profile_lets_counts_of_a_sample_through() -> None:
    columns = in_short(ROWS, seeing("profile"))["columns"]
    assert columns["email"] == {"type": "string", "nulls": 0, "distinct": 2}
    assert columns["amount"] == {"type": "int64", "nulls": 1, "distinct": 1}


def test_none_lets_names_and_types_through_and_says_what_it_withholds() -> None:
    assert in_short(ROWS, seeing("none"))["columns"] == {"email": "string", "amount": "int64"}
    short = in_short(PROFILE, seeing("none"))
    assert short["columns"] == {"status": "string", "amount": "int64", "contact": "string", "birthday": "date32"}
    assert "agent.sampling is none" in short["withheld"]


def test_profile_lets_statistics_through_but_nothing_personal() -> None:
    columns: dict[str, Any] = in_short(PROFILE, seeing("profile"))["columns"]
    assert columns["status"] == {"type": "string", "nulls": 0.25, "distinct": 2, "values": ["cancelled", "paid"]}
    assert (columns["amount"]["min"], columns["amount"]["max"]) == ("3", "99")
    for name in ("contact", "birthday"):
        assert columns[name]["withheld"] == "looks personal"
        assert not {"values", "min", "max"} & set(columns[name])


def test_masked_lets_the_shape_of_values_through_row_by_row() -> None:
    columns = in_short(ROWS, seeing("masked"))["columns"]
    assert columns["email"]["values"] == ["xxx@xxxxxxx.xxx", "xxx@xxxxxxx.xxx", "xxx@xxxxxxx.xxx"]
    assert columns["amount"]["values"] == ["99", None, "99"]


def test_raw_lets_values_through_but_nothing_personal() -> None:
    told = in_short(ROWS, seeing("raw"))
    assert told["columns"]["amount"]["values"] == ["12", None, "12"]
    assert "ada" not in json.dumps(told)
    other = Rows(columns=("reach",), types=("string",), rows=(("ada@example.com",), ("+420 777 123 456",), ("nobody",)))
    assert in_short(other, seeing("raw"))["columns"]["reach"]["values"] == [
        "xxx@xxxxxxx.xxx",
        "+999 999 999 999",
        "nobody",
    ]


def test_each_column_goes_by_its_own_policy() -> None:
    told = in_short(ROWS, lambda column: "none" if column == "email" else "raw")
    assert told["columns"]["email"] == "string"
    assert told["columns"]["amount"]["values"] == ["12", None, "12"]


def test_a_table_is_told_in_few_words() -> None:
    table = Table(
        name="orders",
        namespace="sales",
        kind="view",
        primary_key=("order_id",),
        references={"customer_id": "customers.customer_id"},
        rows=7,
        comment="what was \x1b[1mordered",
        columns=(
            Column(name="order_id", type="int64", nullable=False, source_type="BIGINT"),
            Column(name="note", type="string", comment="x" * 500),
        ),
    )
    answer = DescribedTables(connection="@a.b", dialect="duckdb", tables=(table, Table(name="empty")))
    first, second = in_short(answer, seeing("none"))["tables"]
    assert first == {
        "table": "sales.orders",
        "rows": 7,
        "columns": {"order_id": "BIGINT not null", "note": f"string -- {'x' * 120}…"},
        "comment": "what was ordered",
        "primary_key": ("order_id",),
        "references": {"customer_id": "customers.customer_id"},
        "kind": "view",
    }
    assert second == {"table": "empty", "rows": None, "columns": {}}


@pytest.mark.parametrize(
    ("text", "known", "seen"),
    [
        ("cannot convert 'ada@example.com' to INT32", "SELECT email::INT FROM t", "cannot convert '…' to INT32"),
        ("cannot convert 'O'Brien' to INT32", "SELECT name::INT FROM t", "cannot convert '…' to INT32"),
        ("value 48291 is out of range", "SELECT pay::TINYINT FROM t", "value '…' is out of range"),
        ("cannot convert 'abc' to INT32", "SELECT 'abc'::INT", "cannot convert 'abc' to INT32"),
        ('there is no table "order"', "SELECT 1 FROM order", 'there is no table "order"'),
    ],
)
def test_an_error_tells_no_value_that_the_model_did_not_write(text: str, known: str, seen: str) -> None:
    assert veiled(text, known) == seen


def test_evidence_is_recognised_wherever_it_is_cited() -> None:
    text = "good [ev.receipt.write_csv.rows.17], see ev.check.run.x.18, and ev.check.run.x.18. Every event counts."
    assert evidence_ids(text) == ["ev.check.run.x.18", "ev.receipt.write_csv.rows.17"]
