"""A GraphQL query gives typed rows: all of them, page after page."""

import json
from typing import Any

import pytest
from tests.services.graphql import Shop, serving
from tests.services.web import Reply, told
from tests.unit.components.graphql.shops import HERE, ORDERS, extractor, read

from osiris.components.graphql.config import GraphqlExtract
from osiris.components.graphql.extractor import GraphqlExtractor
from osiris.model.catalogue import Known
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, OutsideError, SourceError


def test_page_after_page_arrives() -> None:
    with serving() as web:
        table = read(web, **ORDERS)
    assert table.column("id").to_pylist() == ["o1", "o2", "o3", "o4", "o5"]
    assert [str(kind) for kind in table.schema.types] == ["string", "int64", "string"]
    assert table.column_names == ["id", "number", "customer.name"]


def test_edges_are_read_through_a_path_with_a_star() -> None:
    query = ORDERS["query"].replace("nodes { id", "edges { node { id").replace("name } }", "name } } }")
    with serving() as web:
        table = read(web, **ORDERS | {"query": query, "data_path": "data.orders.edges[*].node"})
    assert table.column("customer.name").to_pylist() == [None, "Ada", None, "Ada", None]


def test_nested_data_is_kept_where_the_step_says_so() -> None:
    query = "{ orders(first: 1) { nodes { id lines { sku } lines { pieces price } customer { tags } } } }"
    with serving() as web:
        table = read(web, query=query, data_path="data.orders.nodes", flatten_result=False)
    assert table.to_pylist() == [
        {"id": "o1", "lines": [{"sku": "A", "pieces": 1, "price": 0.5}], "customer": {"tags": []}}
    ]


def test_fragments_unions_and_aliases_are_columns() -> None:
    query = """
        query ($word: String!) { search(word: $word) { __typename ... on Customer { who: name } ...Bought } }
        fragment Bought on Order { id number customer { id } customer { name } }
    """
    with serving() as web:
        table = read(web, query=query, data_path="data.search", variables={"word": "a"})
    assert table.column_names == ["__typename", "who", "id", "number", "customer.id", "customer.name"]
    assert table.to_pylist()[1]["customer.id"] == "c2"
    assert table.to_pylist()[0]["who"] == "Ada"


def test_declared_columns_have_their_types_and_need_no_schema() -> None:
    columns = {"number": "int32", "total": "decimal(12, 2)", "customer.since": "timestamptz", "status": "string"}
    query = "{ orders(first: 9) { nodes { number total status customer { since } } } }"
    with serving(Shop(secretive=True)) as web:
        table = read(web, query=query, data_path="data.orders.nodes", columns=columns)
    assert [str(kind) for kind in table.schema.types] == [
        "int32",
        "decimal128(12, 2)",
        "timestamp[us, tz=UTC]",
        "string",
    ]
    assert str(table.column("total")[0].as_py()) == "1.10"


def test_a_query_without_a_path_is_one_row() -> None:
    with serving() as web:
        assert read(web, query="{ shop customers { id } }").to_pylist() == [
            {"shop": "Brno", "customers": [{"id": "c1"}, {"id": "c2"}]}
        ]


def test_values_alone_are_a_column() -> None:
    with serving() as web:
        table = read(web, query="{ customers { tags } }", data_path="data.customers[*].tags")
    assert table.to_pydict() == {"value": ["new", "vip"]}


def test_what_was_settled_is_not_asked_again() -> None:
    with serving() as web:
        first = extractor(web, **ORDERS)
        announced = first.announce(Known(survey=first.survey()))
        asked = len(web.asked)
        table = read(web, **ORDERS, **announced.fixed)
        assert (table.schema, len(web.asked) - asked) == (announced.schema, 3)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("mutation { wipe }", "a mutation is refused"),
        ("subscription { news }", "a subscription is refused"),
        ("{ shop } mutation { wipe }", "a mutation is refused"),
        ("query a { shop } query b { shop }", "there are 2 queries"),
        ("fragment x on Order { id }", "there are 0 queries"),
        ("type X { id: ID }", "defines types"),
        ("{ shop", "Syntax Error"),
    ],
)
def test_whatever_is_not_one_query_is_refused_by_its_syntax(query: str, said: str) -> None:
    config = GraphqlExtract.model_validate({"query": query})
    component = GraphqlExtractor(config, HERE)
    with pytest.raises(AuthorError, match=said):
        component.announce(Known())
    with pytest.raises(AuthorError, match=said):
        component.survey()
    with pytest.raises(AuthorError, match=said):
        component.extract()


@pytest.mark.parametrize(
    ("config", "said", "where"),
    [
        ({"query": "{ customers { nmae } }"}, "Did you mean 'name'", "query"),
        ({"query": "query ($n: Int!) { orders(first: $n) { nodes { id } } }"}, r"\$n", "variables"),
        ({"query": "{ customers { id } }", "data_path": "data.people"}, "selects nothing", "data_path"),
        ({"query": "{ customers { id } }", "data_path": "data["}, "no JSONPath", "data_path"),
        ({"query": "{ customers { id } }", "data_path": "data.customers[?@.id]"}, "filters", "data_path"),
        ({"query": "{ shop }", "pagination_enabled": True}, r"no variable \$after", "query"),
    ],
)
def test_a_query_that_does_not_fit_the_api_is_the_authors_error(config: dict[str, Any], said: str, where: str) -> None:
    with serving() as web, pytest.raises(AuthorError, match=said) as caught:
        extractor(web, **config).survey()
    assert caught.value.where == where
    assert caught.value.hint


def test_a_wrong_field_is_told_with_its_place() -> None:
    with serving() as web, pytest.raises(AuthorError) as caught:
        extractor(web, query="{\n customers { nmae } }").survey()
    assert caught.value.why == "line 2, column 14 of the query"


def test_what_the_answer_lacks_is_an_error_at_the_run() -> None:
    with serving() as web, pytest.raises(SourceError, match=r"nothing at 'data\.people'"):
        read(web, query="{ customers { id } }", data_path="data.people", columns={"id": "string"})


def test_a_name_that_no_edge_has_is_an_error_and_no_edge_is_no_row() -> None:
    query = "{ orders(first: 9) { edges { node { id } } } }"
    settings: dict[str, Any] = {"query": query, "columns": {"id": "string"}}
    with serving() as web, pytest.raises(SourceError, match="nothing at"):
        read(web, **settings, data_path="data.orders.edges[*].nod")
    with serving(Shop(replies=[told({"data": {"orders": {"edges": []}}})])) as web:
        assert read(web, **settings, data_path="data.orders.edges[*].node").num_rows == 0


def test_pages_that_nobody_asks_for_are_an_error() -> None:
    query = "{ orders(first: 2) { nodes { id } pageInfo { hasNextPage } } }"
    with serving() as web, pytest.raises(SourceError, match=r"there is more at 'data\.orders'"):
        read(web, query=query, data_path="data.orders.nodes")


def test_more_pages_than_are_allowed_are_an_error_and_a_limit_is_none() -> None:
    with serving() as web:
        with pytest.raises(SourceError, match="`max_pages` is 2"):
            read(web, **ORDERS, max_pages=2)
        assert read(web, **ORDERS, max_pages=3).num_rows == 5
        assert read(web, **ORDERS, limit=3).column("id").to_pylist() == ["o1", "o2", "o3"]
        assert read(web, **ORDERS, limit=0).num_rows == 0


def page(nodes: list[Any], info: Any) -> Any:
    return told({"data": {"orders": {"nodes": nodes, "pageInfo": info}}})


NODE = {"id": "o1", "number": 1, "customer": None}
DECLARED: dict[str, Any] = {"columns": {"id": "string", "number": "int64"}}


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ([page([NODE], {"hasNextPage": True, "endCursor": None})], "has no key of the next page"),
        ([page([NODE], {"hasNextPage": True, "endCursor": "1"})] * 2, "was there before"),
        ([page([], {"hasNextPage": True, "endCursor": str(n)}) for n in range(20)], "are empty"),
        ([page([NODE], {"endCursor": "1"})], "doesn't say at 'data.orders.pageInfo'"),
        ([page([NODE], None)], "doesn't say at 'data.orders.pageInfo'"),
        ([page([None], {"hasNextPage": False})], "record 1 is null"),
        ([page([{**NODE, "number": "many"}], {"hasNextPage": False})], "column 'number', record 1"),
        ([told({"data": {"orders": None}})], "nothing at 'data.orders.nodes'"),
        ([told({"data": None})], "has no data"),
        ([told({"errors": [{"message": "no"}]})], "answers with an error"),
        ([told({"data": {"orders": None}, "errors": [{"message": "no"}]})], "only a part of the data, and 1 errors"),
        ([told({"errors": "no"})], "answers with an error"),
        ([told([1])], "is no answer of GraphQL"),
        ([told({"message": "hello"})], "is no answer of GraphQL"),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error(replies: list[Any], said: str) -> None:
    with serving(Shop(replies=list(replies))) as web, pytest.raises(OutsideError) as caught:
        read(web, **ORDERS, **DECLARED)
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(b"<html>sign in</html>", headers={"Content-Type": "text/html"}), "web page"),
        (Reply(b'{"data": {"orders"'), "it may be cut short"),
        (Reply(b"{}", length=99), "broke off"),
        (Reply(b"{}", headers={"Content-Encoding": "gzip"}), "packed by gzip, and is not"),
        (Reply(status=303, headers={"Location": "/elsewhere"}), "redirects to http"),
        (Reply(b'{"errors": [{"message": "what?"}]}', 400), "answers 400"),
    ],
)
def test_what_goes_wrong_on_the_way_is_one_error(reply: Reply, said: str) -> None:
    with serving(Shop(replies=[reply] * 3)) as web, pytest.raises(OutsideError) as caught:
        read(web, **ORDERS, **DECLARED)
    assert said in caught.value.message
    assert caught.value.hint


def test_what_goes_wrong_once_is_asked_again() -> None:
    wrong = [Reply(status=502), Reply(b"{}", length=99)]
    with serving(Shop(replies=wrong)) as web:
        assert read(web, **ORDERS, **DECLARED).num_rows == 5


def test_a_value_that_the_schema_does_not_promise_is_an_error() -> None:
    fixed = {"settled": {"id": "string", "number": "int64", "customer.name": "string"}}
    for node, said in (({**NODE, "number": 1.5}, "column 'number'"), ({**NODE, "more": 1}, "key 'more' is new")):
        with (
            serving(Shop(replies=[page([node], {"hasNextPage": False})])) as web,
            pytest.raises(CheckFailed, match=said),
        ):
            read(web, **ORDERS, **fixed)


def test_a_part_of_the_data_is_taken_only_where_the_step_says_so() -> None:
    settings: dict[str, Any] = {"query": "{ shop broken }", "columns": {"shop": "string", "broken": "string"}}
    with serving() as web:
        with pytest.raises(SourceError, match="only a part") as caught:
            read(web, **settings)
        assert "under water" in caught.value.why
        assert read(web, **settings, partial_data="accept").to_pylist() == [{"shop": "Brno", "broken": None}]


@pytest.mark.parametrize(
    "busy",
    [
        {"errors": [{"message": "slow down", "extensions": {"code": "THROTTLED"}}]},
        {"errors": [{"message": "slow down", "type": "RATE_LIMITED"}]},
        {"errors": [{"message": "slow down", "type": "RATE_LIMITED"}], "extensions": {"cost": {}}},
        {
            "errors": [{"message": "slow down", "extensions": {"code": "THROTTLED"}}],
            "extensions": {"cost": {"requestedQueryCost": "much", "throttleStatus": {}}},
        },
        {
            "errors": [{"message": "slow down", "extensions": {"code": "THROTTLED"}}],
            "extensions": {
                "cost": {
                    "requestedQueryCost": 10,
                    "throttleStatus": {"currentlyAvailable": 10, "restoreRate": 50.0, "maximumAvailable": 1000},
                }
            },
        },
    ],
)
def test_a_query_that_costs_too_much_now_is_asked_again(busy: Any) -> None:
    with serving(Shop(replies=[told(busy)])) as web:
        assert read(web, **ORDERS).num_rows == 5


def test_a_cost_that_comes_back_too_late_is_an_error_that_says_so() -> None:
    cost = {"requestedQueryCost": 1000, "throttleStatus": {"currentlyAvailable": 0, "restoreRate": 0.1}}
    busy = told({"errors": [{"message": "x", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}})
    with serving(Shop(replies=[busy])) as web, pytest.raises(SourceError, match="would be in 10000 s"):
        read(web, **ORDERS)


def test_an_api_that_refuses_is_a_connect_error() -> None:
    refused = told({"errors": [{"message": "who?", "extensions": {"code": "UNAUTHENTICATED"}}]})
    with serving(Shop(replies=[refused])) as web, pytest.raises(ConnectError, match="refuses"):
        read(web, **ORDERS)


def test_an_api_without_a_schema_asks_for_columns() -> None:
    with serving(Shop(secretive=True)) as web, pytest.raises(SourceError) as caught:
        extractor(web, **ORDERS).survey()
    assert "introspection is not allowed" in caught.value.why
    odd = Shop(replies=[told({"data": {"__schema": {}}})])
    with serving(odd) as web, pytest.raises(SourceError, match="doesn't tell its schema") as caught:
        extractor(web, **ORDERS).survey()
    assert caught.value.hint == "declare `columns`"


def test_variables_go_on_to_the_next_page() -> None:
    with serving() as web:
        read(web, **ORDERS, **DECLARED, variables={"other": [1]})
        assert [json.loads(one.body)["variables"] for one in web.asked] == [
            {"other": [1]},
            {"other": [1], "after": "2"},
            {"other": [1], "after": "4"},
        ]
