"""What the desk tells of a project by either way."""

from pathlib import Path

import pytest
from tests.services.postgres import ask
from tests.services.postgrest import PostgRest
from tests.services.shared import free_port
from tests.unit.components.supabase.doors import by_rest, connection, dsn, extractor

from osiris.components.supabase.desk import catalogue, check, profile, query
from osiris.kit.component import Place
from osiris.model.errors import AuthorError, SourceError, StatementError

HERE = Place(project=Path(), scratch=Path())
SHOP = (
    "CREATE TABLE customers (id int PRIMARY KEY, city text NOT NULL, since date DEFAULT '2024-01-01')",
    "COMMENT ON TABLE customers IS 'who buys'",
    "COMMENT ON COLUMN customers.city IS 'where they live'",
    "CREATE TABLE orders (id bigint, amount numeric(9, 2), tags text[], at timestamptz)",
    "INSERT INTO customers SELECT i, CASE i % 2 WHEN 0 THEN 'Brno' ELSE 'Praha' END FROM generate_series(1, 20) s(i)",
)


def test_a_project_that_answers_says_by_which_way(rest: PostgRest) -> None:
    ask(rest.at, *SHOP)
    checked = check(connection(by_rest(rest)), HERE)
    assert (checked.status, checked.detail) == ("ok", f"REST at {rest.url}: 2 tables")
    assert "pg_dsn" in checked.hint
    both = check(connection(by_rest(rest, pg_dsn=dsn(rest.at))), HERE)
    assert both.detail.startswith("PostgreSQL")
    assert (both.status, both.hint) == ("ok", "")


def test_each_way_that_does_not_answer_is_told(rest: PostgRest) -> None:
    port = free_port()
    nobody = check(connection({"url": f"http://127.0.0.1:{port}", "key": "k"}), HERE)
    assert (nobody.status, nobody.detail) == ("failed", f"nobody listens at http://127.0.0.1:{port}")
    nowhere = check(connection({"url": "http://nowhere.invalid", "key": "k"}), HERE)
    assert "there is no host" in nowhere.detail
    wrong = check(connection(by_rest(rest, service_role_key="wrong")), HERE)
    assert "refuses the key" in wrong.detail
    clear = check(connection(by_rest(rest, url=rest.url.replace("http:", "https:"))), HERE)
    assert "no encrypted connection" in clear.detail
    direct = check(connection(by_rest(rest, pg_dsn=f"postgresql://u:p@127.0.0.1:{port}/d")), HERE)
    assert "nobody listens" in direct.detail


def test_the_catalogue_has_the_types_that_the_extractor_delivers(rest: PostgRest) -> None:
    ask(rest.at, *SHOP)
    for fields in (by_rest(rest), by_rest(rest, pg_dsn=dsn(rest.at))):
        found = catalogue(connection(fields), HERE)
        assert [table.name for table in found.tables] == ["customers", "orders"]
        for table in found.tables:
            survey = extractor(fields, table=table.name).survey()
            assert [(c.name, c.type) for c in table.columns] == [(c.name, c.type) for c in survey.columns]
        customers = found.table("customers")
        assert customers is not None
        assert (customers.primary_key, customers.comment) == (("id",), "who buys")
        assert [(c.name, c.nullable, c.comment) for c in customers.columns] == [
            ("id", False, ""),
            ("city", False, "where they live"),
            ("since", True, ""),
        ]


def test_a_profile_is_the_same_by_either_way(rest: PostgRest) -> None:
    ask(rest.at, *SHOP)
    by_one, by_other = (
        profile(connection(fields), HERE, "customers", 10) for fields in (by_rest(rest), {"pg_dsn": dsn(rest.at)})
    )
    assert by_one == by_other
    assert not by_one.exact
    with pytest.raises(SourceError, match="nowhere"):
        profile(connection(by_rest(rest)), HERE, "nowhere", 10)


def test_a_question_takes_the_direct_address(rest: PostgRest) -> None:
    with pytest.raises(AuthorError, match="REST") as caught:
        query(connection(by_rest(rest)), HERE, "SELECT 1 AS a", 5)
    assert "pg_dsn" in caught.value.hint
    with pytest.raises(StatementError):
        query(connection(by_rest(rest)), HERE, "DROP TABLE t", 5)
    rows, cut = query(connection({"pg_dsn": dsn(rest.at)}), HERE, "SELECT 1 AS a", 5)
    assert (rows.to_pydict(), cut) == ({"a": [1]}, False)
