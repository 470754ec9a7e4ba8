"""The right table is found by the words that people use."""

import pytest

from osiris.app.search import MOST_GROUPS, grouped, ranked
from osiris.model.catalogue import Column, Table

TABLES = [
    ("@a.b", Table(name="customers", columns=(Column(name="id", type="int64"), Column(name="city", type="string")))),
    ("@a.b", Table(name="orderLines", columns=(Column(name="grossAmount", type="int64"),), comment="what was bought")),
    ("@a.b", Table(name="orders", namespace="sales", columns=(Column(name="customer_id", type="int64"),))),
    ("@a.b", Table(name="zz9", columns=(Column(name="x", type="int64", comment="the city of birth"),))),
]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("customer", ["customers", "orders"]),
        ("amount", ["orderLines"]),
        ("buying bought", ["orderLines"]),
        ("city", ["customers", "zz9"]),
        ("ORDER", ["orders", "orderLines"]),
        ("ustome", ["customers", "orders"]),
        ("", ["customers", "orderLines", "orders", "zz9"]),
        ("nothing at-all *", []),
        ('"; DROP', []),
    ],
)
def test_tables_are_found_best_first(words: str, names: list[str]) -> None:
    hits, total = ranked(TABLES, words)
    assert sorted(hit.table.name for hit in hits) == sorted(names)
    assert total == len(names)
    if names:
        assert hits[0].table.name in names[:2]


def test_the_columns_that_match_are_named() -> None:
    hits, _ = ranked(TABLES, "city")
    assert {hit.table.name: hit.matches for hit in hits} == {"customers": ("city",), "zz9": ("x",)}


def test_what_people_wrote_about_a_table_leads_to_it() -> None:
    hits, _ = ranked(TABLES, "turnover", ["turnover is what zz9 says"])
    assert [hit.table.name for hit in hits] == ["zz9"]


def test_no_more_are_returned_than_wanted_and_all_are_counted() -> None:
    hits, total = ranked(TABLES, "", most=2)
    assert (len(hits), total) == (2, 4)


def test_very_many_tables_become_a_few_groups() -> None:
    tables = [Table(name=f"{chr(97 + n % 26)}{chr(97 + n % 60 // 26)}_t{n}") for n in range(1560)] + [
        Table(name="alone", namespace="s")
    ]
    groups = grouped(tables)
    assert len(groups) == MOST_GROUPS + 1
    assert sum(groups.values()) == 1561
    assert grouped([Table(name="crm_a"), Table(name="crm_b", namespace="s"), Table(name="crmA")])["crm_a"] == 1
