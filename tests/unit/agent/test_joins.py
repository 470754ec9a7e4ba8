"""Joins are inferred from names and from values that are shared, and said to be inferred."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.unit.agent.shop import CONNECTIONS, DATABASE, Willing, call, shop

from osiris.agent.desk import Desk
from osiris.agent.joins import FEWEST, MOST_JOINS, Join, Joins, Sample, Side
from osiris.agent.ledger import Budget, Ledger
from osiris.agent.looks import PATIENCE
from osiris.app.project import Project
from osiris.model.catalogue import Column, Table

SHOP = "@duckdb.shop"
TEXT = "string"


def table(name: str, *columns: str, kind: str = "int64", key: str = "", **more: Any) -> Table:
    made = tuple(Column(name=column, type=kind) for column in columns)
    return Table(name=name, columns=made, primary_key=(key,) if key else (), **more)


def found(joins: Joins, *tables: Table, values: dict[str, Sample | None] | None = None) -> list[tuple[str, str]]:
    """Return the pairs, without their connection."""
    known = values or {}
    inferred = joins.among("@a.b", tables, lambda side: known.get(f"{side.table.name}.{side.column.name}"))
    return [(join.left.removeprefix("@a.b/"), join.right.removeprefix("@a.b/")) for join in inferred]


class TestNames:
    @pytest.mark.parametrize(
        ("left", "right", "pairs"),
        [
            (table("orders", "id", "customer_id"), table("customers", "id", key="id"), True),
            (table("orders", "customerId"), table("customer", "id", key="id"), True),
            (table("lines", "categoryNo"), table("categories", "no"), True),
            (table("orders", "product_sku"), table("stock", "product_sku"), True),
            (table("orders", "id"), table("customers", "id"), False),
            (table("orders", "customer_id"), table("suppliers", "id", key="id"), False),
            (table("orders", "status"), table("states", "status"), False),
            (table("orders", "customer_id", kind="double"), table("customers", "id", kind="double", key="id"), False),
        ],
    )
    def test_a_name_that_means_a_key_of_another_table_may_join(self, left: Table, right: Table, *, pairs: bool) -> None:
        assert bool(found(Joins(), left, right)) is pairs

    def test_the_key_stands_on_the_right(self) -> None:
        customers, orders = table("customers", "id", key="id"), table("orders", "customer_id")
        assert found(Joins(), customers, orders) == [("orders.customer_id", "customers.id")]

    def test_what_is_declared_is_not_inferred(self) -> None:
        orders = table("orders", "customer_id", references={"customer_id": "customers.id"})
        assert found(Joins(), orders, table("customers", "id", key="id")) == []

    def test_tables_that_were_described_before_count_too(self) -> None:
        joins = Joins()
        assert found(joins, table("orders", "customer_id")) == []
        assert found(joins, table("customers", "id", key="id")) == [("orders.customer_id", "customers.id")]
        assert found(joins, table("cities", "zip")) == []

    def test_there_are_never_very_many(self) -> None:
        many = [table(f"t{number}", "order_id", "batch_id") for number in range(30)]
        assert len(found(Joins(), *many)) == MOST_JOINS


class TestValues:
    def sample(self, joins: Joins, *values: str, cut: bool = False) -> Sample:
        return joins.sample(values, cut=cut)

    def because(self, left: tuple[str, ...], right: tuple[str, ...], *, cut: bool = False) -> str:
        joins = Joins()
        known = {"a": joins.sample(left, cut=cut), "b": joins.sample(right, cut=cut)}
        tables = (table("a", "order_ref", kind=TEXT), table("b", "number", kind=TEXT))
        pairs = joins.among("@a.b", tables, lambda side: known[side.table.name])
        return pairs[0].because if pairs else ""

    def test_texts_that_are_shared_join_whatever_their_columns_are_called(self) -> None:
        many = tuple(f"A-{number}" for number in range(FEWEST))
        assert self.because(many, (*many, "B")) == f"values alone: 100% of {FEWEST} values are on the right, too"

    def test_it_is_said_where_they_match_only_after_trim_and_lower(self) -> None:
        many = tuple(f"A-{number}" for number in range(FEWEST))
        told = self.because(tuple(f" {value.lower()}" for value in many), many)
        assert told == f"values alone: 0% of {FEWEST} values are on the right, too; 100% after trim and lower"

    def test_a_share_is_never_rounded_up(self) -> None:
        """Who reads 100% takes an inner join that drops nothing."""
        many = tuple(f"A-{number}" for number in range(300))
        assert self.because(many, many[1:]) == "values alone: 99% of 300 values are on the right, too"

    def test_a_part_of_the_values_is_called_a_part(self) -> None:
        many = tuple(f"A-{number}" for number in range(FEWEST))
        assert "at least 100%" in self.because(many, many, cut=True)

    def test_a_few_states_that_are_shared_prove_nothing(self) -> None:
        assert self.because(("paid", "open"), ("paid", "open")) == ""

    def test_values_are_kept_as_hashes_that_another_conversation_cannot_make(self) -> None:
        one, other = (joins.sample(["secret of a customer"], cut=False) for joins in (Joins(), Joins()))
        assert one.exact.isdisjoint(other.exact)
        assert "secret" not in repr(one)


def described(desk: Desk, *tables: str, connection: str = SHOP) -> list[Join]:
    answer = json.loads(call(desk, "describe_tables", connection=connection, tables=list(tables)).text)
    return [Join(**join) for join in answer.get("joins", [])]


def with_customers(folder: Path, settings: str = "") -> Project:
    project = shop(folder, settings=settings)
    with duckdb.connect(folder / DATABASE) as db:
        db.execute("CREATE TABLE customers (id BIGINT PRIMARY KEY, ref TEXT)")
        db.execute("INSERT INTO customers SELECT i, 'ORD-' || i FROM range(1, 31) AS r(i)")
        db.execute("CREATE TABLE visits (customer_id BIGINT, order_code TEXT)")
        db.execute("INSERT INTO visits SELECT i, ' ord-' || i FROM range(11, 31) AS r(i)")
    return project


def test_the_model_learns_how_tables_seem_to_join_and_no_value(tmp_path: Path) -> None:
    answer = call(
        Desk(with_customers(tmp_path), Willing()), "describe_tables", connection=SHOP, tables=["visits", "customers"]
    )
    joins = json.loads(answer.text)["joins"]
    assert [(join["left"], join["right"], join["inferred"]) for join in joins] == [
        (f"{SHOP}/visits.customer_id", f"{SHOP}/customers.id", True),
        (f"{SHOP}/visits.order_code", f"{SHOP}/customers.ref", True),
    ]
    assert joins[0]["because"] == ("names, and id is the key of customers; 100% of 20 values are on the right, too")
    assert joins[1]["because"].endswith("0% of 20 values are on the right, too; 100% after trim and lower")
    assert "ord-" not in answer.text.lower()


def test_tables_of_two_connections_are_compared(tmp_path: Path) -> None:
    with_customers(tmp_path)
    with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as db, db:
        db.execute("CREATE TABLE notes (customer_id INTEGER, note TEXT)")
        db.executemany("INSERT INTO notes VALUES (?, 'x')", [(number,) for number in range(1, 41)])
    more = "  sqlite:\n    crm: {path: crm.sqlite}\n"
    (tmp_path / "osiris_connections.yaml").write_text(CONNECTIONS + more, "utf-8")
    desk = Desk(Project.open(tmp_path, exported={}), Willing())
    assert described(desk, "notes", connection="@sqlite.crm") == []
    (join,) = described(desk, "customers")
    assert (join.left, join.right) == ("@sqlite.crm/notes.customer_id", f"{SHOP}/customers.id")
    assert "75% of 40 values" in join.because


@pytest.mark.parametrize("place", [SHOP, f"{SHOP}/customers", f"{SHOP}/customers.id"])
def test_where_the_policy_lets_only_names_through_only_names_are_compared(tmp_path: Path, place: str) -> None:
    desk = Desk(with_customers(tmp_path, f'agent: {{sampling_by: {{"{place}": none}}}}\n'), Willing())
    first = described(desk, "visits", "customers")[0]
    assert first.because == "names, and id is the key of customers; values were not compared"
    assert desk.looks.joins.samples[f"{SHOP}/customers.id"] is None


def test_what_looks_personal_is_compared_by_name_alone(tmp_path: Path) -> None:
    project = shop(tmp_path)
    with duckdb.connect(tmp_path / DATABASE) as db:
        db.execute("CREATE TABLE users (id BIGINT PRIMARY KEY)")
        db.execute("CREATE TABLE visits (user_id BIGINT)")
        db.execute("INSERT INTO users VALUES (1)")
        db.execute("INSERT INTO visits VALUES (1)")
    (join,) = described(Desk(project, Willing()), "users", "visits")
    assert join.because == "names, and id is the key of users; values were not compared"


def test_comparing_takes_only_so_long_and_counts_as_asking(tmp_path: Path) -> None:
    ticks = iter(range(0, 1000, int(PATIENCE) + 1))
    ledger = Ledger(Budget(seconds=1), clock=lambda: float(next(ticks)))
    desk = Desk(with_customers(tmp_path), Willing(), ledger=ledger)
    (join, *_) = described(desk, "visits", "customers")
    assert join.because.endswith("values were not compared")


def test_a_column_that_cannot_be_asked_is_compared_by_name(tmp_path: Path) -> None:
    project = with_customers(tmp_path)
    desk = Desk(project, Willing())
    looks = desk.looks
    gone = Side(SHOP, table("gone", "id"), Column(name="id", type="int64"))
    assert looks._sampled(project, gone) is None
