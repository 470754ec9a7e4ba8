"""What may be said about a GraphQL API, and that a step takes no secret of a connection elsewhere."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.services.graphql import Shop, serving
from tests.services.web import Reply, told
from tests.unit.components.graphql.shops import HERE, extractor

from osiris.components.graphql import FAMILY
from osiris.components.graphql.config import GraphqlConnection, GraphqlExtract
from osiris.components.graphql.extractor import GraphqlExtractor
from osiris.kit.arrow import type_of
from osiris.model.catalogue import Catalogue
from osiris.model.errors import AuthorError, ConfigError, ConnectError, SourceError

SECRET = "s3cret-value"  # pragma: allowlist secret
SHOP: dict[str, Any] = {"query": "{ shop }"}
DESK = FAMILY.desk
assert DESK is not None


def alone(**config: Any) -> GraphqlExtractor:
    return GraphqlExtractor(GraphqlExtract.model_validate(SHOP | config), HERE)


def test_a_step_may_say_it_all() -> None:
    with serving(Shop(token=f"Bearer {SECRET}")) as web:
        at = f"{web.url}/graphql"
        component = alone(endpoint=at, auth_type="bearer", auth_token=SECRET, headers={"X-Me": "1"})
        assert component.survey().columns[0].name == "shop"
        assert web.asked[0].headers["x-me"] == "1"
        with pytest.raises(ConnectError, match="refuses: 401") as caught:
            alone(endpoint=at, auth_type="basic", auth_username="ada", auth_password=SECRET).survey()
    assert SECRET not in str(caught.value.to_dict())


def test_the_connections_headers_come_first_and_the_steps_win() -> None:
    with serving() as web:
        extractor(web, {"headers": {"X-A": "1", "X-B": "1"}}, **SHOP, headers={"X-B": "2"}).survey()
        assert (web.asked[0].headers["x-a"], web.asked[0].headers["x-b"]) == ("1", "2")


def test_nobody_can_be_asked_where_nothing_says_who() -> None:
    with pytest.raises(AuthorError, match="nothing says where"):
        alone().survey()


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"endpoint": "https://elsewhere/graphql"}, "endpoint"),
        ({"auth_type": "none"}, "auth_type"),
        ({"auth_header_name": "X-Other"}, "auth_header_name"),
        ({"auth_token": SECRET}, "auth_token"),
        ({"auth_username": "ada"}, "auth_username"),
        ({"validate_ssl": False}, "validate_ssl"),
    ],
)
def test_a_step_can_not_overrule_a_connections_secrets(config: dict[str, Any], where: str) -> None:
    fields = {"auth_type": "api_key", "auth_header_name": "X-Shop", "auth_token": SECRET}
    with serving() as web, pytest.raises(AuthorError) as caught:
        extractor(web, fields, **SHOP, **config).survey()
    assert (caught.value.where, web.asked) == (where, [])


def test_a_step_may_say_how_its_connections_secret_is_sent() -> None:
    with serving(Shop(token=f"Bearer {SECRET}")) as web:
        assert extractor(web, {"auth_token": SECRET}, **SHOP, auth_type="bearer").survey().columns[0].name == "shop"
        with pytest.raises(ConfigError, match="nothing says how to send"):
            extractor(web, {"auth_token": SECRET}, **SHOP).survey()


def test_what_a_sign_on_lacks_is_named() -> None:
    with serving() as web, pytest.raises(ConfigError, match="needs `auth_token`"):
        extractor(web, {"auth_type": "api_key"}, **SHOP).survey()


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (GraphqlConnection, {"endpoint": "shop"}),
        (GraphqlConnection, {"endpoint": "https://shop", "token_url": "x"}),
        (GraphqlExtract, SHOP | {"endpoint": "shop"}),
        (GraphqlExtract, SHOP | {"auth_type": "oauth2"}),
        (GraphqlExtract, SHOP | {"columns": {"a": "b"}}),
        (GraphqlExtract, {"query": ""}),
    ],
)
def test_settings_that_can_not_be_are_refused(model: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(fields)


def connection(url: str, **fields: Any) -> GraphqlConnection:
    return GraphqlConnection.model_validate({"url": url, "max_retries": 0} | fields)


def test_check_asks_the_smallest_question() -> None:
    assert DESK is not None
    with serving() as web:
        assert DESK.check(connection(f"{web.url}/graphql"), HERE).status == "ok"
        wrong = DESK.check(connection(f"{web.url}/nowhere"), HERE)
    assert (wrong.status, "answers 404" in wrong.detail, bool(wrong.hint)) == ("failed", True, True)
    with serving(Shop(replies=[told({"data": {"__typename": "Query"}})])) as web:
        assert DESK.check(connection(f"{web.url}/graphql"), HERE).detail.endswith("answers: Query")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    assert DESK is not None
    with serving() as web:
        return DESK.catalogue(connection(f"{web.url}/graphql"), HERE)


def test_types_are_tables_and_what_can_be_asked_for_are_views(catalogue: Catalogue) -> None:
    assert [(table.full_name, table.kind) for table in catalogue.tables] == [
        ("City", "table"),
        ("Customer", "table"),
        ("Line", "table"),
        ("Order", "table"),
        ("query.cities", "view"),
        ("query.customers", "view"),
        ("query.orders", "view"),
    ]


def test_a_type_tells_its_fields_keys_and_comments(catalogue: Catalogue) -> None:
    order, orders = catalogue.table("Order"), catalogue.named("query.orders")
    assert order is not None
    assert orders is not None
    assert [(column.name, column.type, column.source_type, column.nullable) for column in order.columns] == [
        ("id", "string", "ID!", False),
        ("number", "int64", "Int!", False),
        ("status", "string", "Status", True),
        ("total", "string", "Decimal", True),
        ("customer", "struct<id: string, name: string, since: string, tags: list<item: string>>", "Customer", True),
        ("lines", "list<item: struct<sku: string, pieces: int64, price: double>>", "[Line!]!", False),
    ]
    assert (order.primary_key, order.references) == (("id",), {"customer": "Customer.id"})
    assert order.comment == "What somebody bought."
    assert orders.columns == order.columns
    assert orders.comment == (
        "query { orders(first: Int!, after: String) } gives OrderConnection. All orders, page by page."
    )
    assert [str(type_of(column.type)) for column in order.columns] == [column.type for column in order.columns]


def test_an_api_that_tells_nothing_is_an_error_and_none_answers_sql() -> None:
    assert DESK is not None
    with serving(Shop(secretive=True)) as web:
        at = connection(f"{web.url}/graphql")
        with pytest.raises(SourceError, match="answers with an error"):
            DESK.catalogue(at, HERE)
        with pytest.raises(AuthorError, match="no SQL"):
            DESK.profile(at, HERE, "Order", 1)
        with pytest.raises(AuthorError, match="no SQL"):
            DESK.query(at, HERE, "SELECT 1", 1)


def test_a_token_is_had_for_a_connection() -> None:
    shop = Shop(token="Bearer t")

    def answer(asked: Any) -> Reply:
        return told({"access_token": "t"}) if asked.path == "/token" else shop(asked)

    with serving() as web:
        web.answer = answer
        fields = {"auth_type": "oauth2", "token_url": f"{web.url}/token", "client_id": "i", "client_secret": SECRET}
        assert extractor(web, fields, **SHOP).survey().columns[0].name == "shop"
