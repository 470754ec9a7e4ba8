"""A REST API gives typed rows: by page, offset, key and link, in JSON, lines and CSV, for each parent."""

import base64
import json
from decimal import Decimal
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.services.rest import (
    BY_CURSOR,
    BY_LINK,
    BY_OFFSET,
    BY_PAGE,
    CSV,
    JSON,
    NDJSON,
    RECORDS,
    TYPED,
    by_cursor,
    by_link,
    by_page,
    lines,
    page_of,
)
from tests.services.web import Asked, Reply, Web, packed, told
from tests.unit.components.rest.apis import HERE, extractor, read

from osiris.components.rest.config import RestExtract
from osiris.components.rest.extractor import RestExtractor
from osiris.model.catalogue import Known
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, OutsideError, SourceError

SECRET = "s3cret-value"  # pragma: allowlist secret


def saying(body: bytes, headers: dict[str, str] | None = None) -> Web:
    return Web(lambda _: Reply(body, headers=headers or JSON))


@pytest.mark.parametrize(
    ("answer", "settings"),
    [(by_page, BY_PAGE), (by_cursor, BY_CURSOR), (by_link, BY_LINK)],
    ids=["page", "key", "link"],
)
def test_page_after_page_arrives(answer: Any, settings: dict[str, Any]) -> None:
    with Web(answer) as web:
        assert read(web, **settings).to_pylist() == RECORDS
        assert read(web, **settings, limit=3).to_pylist() == RECORDS[:3]


def test_an_offset_goes_by_what_came_whatever_was_asked_for() -> None:
    with Web(lambda a: told(RECORDS[int(a.params["offset"]) :][:3])) as web:
        assert read(web, **BY_OFFSET, **TYPED).to_pylist() == RECORDS
        assert [one.params for one in web.asked] == [{"offset": str(n), "limit": "2"} for n in (0, 3, 6)]


@settings(max_examples=10, deadline=None)
@given(sizes=st.lists(st.integers(1, 7), max_size=6))
def test_whatever_a_page_holds_each_record_arrives_once(sizes: list[int]) -> None:
    starts = list(accumulate(sizes, initial=0))
    pages = {str(start): list(range(start, start + size)) for start, size in zip(starts, sizes, strict=False)}
    with Web(lambda a: told([{"id": n} for n in pages.get(a.params["offset"], [])])) as web:
        table = read(web, pagination={"type": "offset"}, key=["id"], columns={"id": "int64"})
    assert table.column("id").to_pylist() == list(range(starts[-1]))


def test_pages_are_asked_for_as_their_rows_are_wanted() -> None:
    with Web(by_page) as web, extractor(web, **BY_PAGE, **TYPED).extract() as stream:
        assert web.asked == []
        assert next(iter(stream)).num_rows == 2
        assert len(web.asked) == 1


def test_a_total_saves_the_page_after_the_last() -> None:
    with Web(lambda a: told({"data": page_of(int(a.params["page"])), "total": "6"})) as web:
        rules = {"type": "page", "total_path": "total"}
        assert read(web, record_path="data", pagination=rules, **TYPED).to_pylist() == RECORDS
        assert len(web.asked) == 3


def test_a_page_that_says_whether_there_are_more_is_believed() -> None:
    def answer(asked: Asked) -> Reply:
        number = int(asked.params["p"])
        return told({"data": page_of(number + 1), "more": number < 2})

    with Web(answer) as web:
        rules = {"type": "page", "param": "p", "first": 0, "more_path": "more"}
        assert read(web, record_path="data", pagination=rules, **TYPED).to_pylist() == RECORDS


def test_a_link_in_the_body_is_followed_and_takes_the_sign_on_with_it() -> None:
    def answer(asked: Asked) -> Reply:
        following = f"{web.url}/orders?page=2&token=old" if "page" not in asked.params else None
        return told({"items": page_of(int(asked.params.get("page", "1"))), "next": following})

    fields = {"auth_type": "api_key", "auth_param_name": "token", "auth_token": SECRET}
    rules = {"type": "link", "next_path": "next"}
    with Web(answer) as web:
        assert read(web, fields, record_path="items", pagination=rules).to_pylist() == RECORDS[:4]
        assert {one.params["token"] for one in web.asked} == {SECRET}
        assert "old" not in web.asked[-1].target


@pytest.mark.parametrize(
    ("rules", "document", "said"),
    [
        ({"type": "page", "more_path": "more"}, {"data": []}, "neither true nor false"),
        ({"type": "page", "total_path": "total"}, {"data": []}, "no number at 'total'"),
        ({"type": "offset", "more_path": "more"}, {"data": [], "more": True}, "is empty, and says"),
        ({"type": "cursor", "cursor_path": "next"}, {"data": [1], "next": {"a": 1}}, "no key at 'next'"),
        ({"type": "link", "next_path": "next"}, {"data": [1], "next": 7}, "no address at 'next'"),
        ({"type": "link", "next_path": "next", "more_path": "more"}, {"data": [1], "more": True}, "no link"),
        ({"type": "link", "next_path": "page.next"}, {"data": [1]}, "has no such place"),
        ({"type": "link", "size_param": "n", "size": 1}, {"data": [1]}, "is full, and says nothing"),
        ({"type": "cursor", "cursor_path": "next", "size_param": "n", "size": 1}, {"data": [1]}, "is full, and says"),
        ({"type": "cursor", "cursor_path": "nxt"}, {"data": [1], "next": "2"}, "has no such place as 'nxt'"),
        ({"more_path": "more"}, {"data": [1], "more": True}, "says that there is another page"),
        ({"size_param": "n", "size": 1}, {"data": [1]}, "is full, and says nothing"),
    ],
)
def test_a_page_that_says_nothing_of_the_next_is_an_error(rules: Any, document: Any, said: str) -> None:
    with Web(lambda _: told(document)) as web, pytest.raises(SourceError) as caught:
        read(web, record_path="data", pagination=rules, columns={"value": "int64"})
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("rules", "document"),
    [
        ({"type": "cursor", "cursor_path": "next", "size_param": "n", "size": 1}, {"data": [1], "next": ""}),
        ({"type": "cursor", "cursor_path": "next", "size_param": "n", "size": 2}, {"data": [1]}),
        ({"type": "link", "next_path": "next", "more_path": "more"}, {"data": [1], "more": False}),
        ({"type": "link", "next_path": "next"}, {"data": []}),
        ({"more_path": "more"}, {"data": [1], "more": False}),
    ],
)
def test_a_first_page_that_says_that_it_is_the_last_is_believed(rules: Any, document: Any) -> None:
    with Web(lambda _: told(document)) as web:
        table = read(web, record_path="data", pagination=rules, columns={"value": "int64"})
    assert table.column("value").to_pylist() == document["data"]


@pytest.mark.parametrize(
    "rules",
    [
        {"type": "cursor", "cursor_path": "next"},
        {"type": "link", "next_path": "next"},
        {"type": "page", "total_path": "total"},
    ],
)
@pytest.mark.parametrize(
    ("body", "kind", "form"), [(lines(RECORDS), NDJSON, "ndjson"), (b"id,city\n1,x\n", CSV, "csv")]
)
def test_lines_have_no_place_that_tells_of_the_next_page(*, rules: Any, body: bytes, kind: Any, form: str) -> None:
    for said in ("auto", form):
        with saying(body, kind) as web, pytest.raises(SourceError, match="is no JSON, and has no place for"):
            read(web, format=said, pagination=rules, **TYPED)


def test_more_pages_than_are_allowed_are_an_error() -> None:
    with Web(by_page) as web, pytest.raises(SourceError, match="`max_pages` is 2"):
        read(web, **BY_PAGE, **TYPED, max_pages=2)


def test_numbers_keep_all_their_digits() -> None:
    text = b'[{"big": 123456789012345678901234567890, "price": 0.1000000000000000055, "id": 9007199254740993}]'
    with saying(text) as web:
        seen = read(web)
        declared = read(web, columns={"big": "decimal(30, 0)", "price": "decimal(20, 19)", "id": "int64"})
    assert seen.to_pylist() == [
        {"big": "123456789012345678901234567890", "price": "0.1000000000000000055", "id": 9007199254740993}
    ]
    assert declared.to_pylist() == [
        {
            "big": Decimal(123456789012345678901234567890),
            "price": Decimal("0.1000000000000000055"),
            "id": 9007199254740993,
        }
    ]


def test_nested_data_is_flattened_or_kept() -> None:
    text = b'[{"id": 1, "owner": {"name": "Ada", "home": {"zip": "60200"}}}, {"id": 2, "owner": null, "tags": [1]}]'
    with saying(text) as web:
        flat = read(web)
        kept = read(web, flatten_result=False)
        declared = read(web, columns={"owner": "string", "owner.home.zip": "string"})
    assert flat.column_names == ["id", "owner.name", "owner.home.zip", "tags"]
    assert flat.to_pylist()[1] == {"id": 2, "owner.name": None, "owner.home.zip": None, "tags": [1]}
    assert kept.column("owner").to_pylist() == [{"name": "Ada", "home": {"zip": "60200"}}, None]
    assert declared.column("owner")[0].as_py() == '{"name":"Ada","home":{"zip":"60200"}}'


def test_columns_within_objects_that_are_null_are_null() -> None:
    with saying(b'[{"id": 1, "owner": null}, {"id": 2, "owner": {"home": null}}]') as web:
        table = read(web, columns={"id": "int64", "owner.home.zip": "string"})
    assert table.column("owner.home.zip").to_pylist() == [None, None]
    with (
        saying(b'[{"owner": null}, {"owner": {"name": "Ada"}}]') as web,
        pytest.raises(SourceError, match=r"no record has 'owner\.nmae'"),
    ):
        read(web, columns={"owner.nmae": "string"})


@pytest.mark.parametrize("text", ["[oops", '[{"id": 1.5}]', "1e5", "x"])
def test_an_answer_that_is_a_text_is_that_text_whatever_it_looks_like(text: str) -> None:
    with saying(json.dumps(text).encode()) as web:
        assert read(web).to_pylist() == [{"value": text}]
        with pytest.raises(SourceError, match="nothing at 'data'"):
            read(web, record_path="data")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"data": []}, []),
        ({"data": [{"items": []}]}, []),
        ({"data": [{"items": [1]}, {}]}, [1]),
        ({"data": [{"itmes": [1]}]}, None),
        ({"data": "x"}, None),
        ({"data": None}, None),
        ({}, None),
    ],
)
def test_a_list_may_be_empty_and_a_name_may_not_be_missing(document: Any, found: list[int] | None) -> None:
    settings: dict[str, Any] = {"record_path": "data[*].items", "columns": {"value": "int64"}}
    with Web(lambda _: told(document)) as web:
        if found is not None:
            assert read(web, **settings).column("value").to_pylist() == found
            return
        with pytest.raises(SourceError, match="has nothing at"):
            read(web, **settings)
        with pytest.raises(SourceError, match="has nothing at"):
            read(web, **settings | {"record_path": "$.one | $.other"})


def test_two_keys_that_come_out_the_same_are_an_error() -> None:
    with (
        saying(b'[{"a.b": 1, "a": {"b": 2}}]') as web,
        pytest.raises(SourceError, match=r"two keys come out as 'a\.b'"),
    ):
        read(web)


@pytest.mark.parametrize("depth", [500, 2_000])
@pytest.mark.parametrize("settings", [{"flatten_result": False}, {"columns": {"a": "string"}}])
def test_objects_that_are_nested_too_deep_are_an_error(depth: int, settings: dict[str, Any]) -> None:
    with (
        saying(b'[{"a": ' + b'{"a": ' * depth + b"1" + b"}" * (depth + 1) + b"]") as web,
        pytest.raises(SourceError, match="nested too deep"),
    ):
        read(web, **settings)


def test_a_record_without_its_key_is_an_error() -> None:
    with saying(b'[{"id": 1}]') as web, pytest.raises(SourceError, match="record 1 has no 'number'"):
        read(web, key=["number"])
    with saying(b"[1]") as web, pytest.raises(SourceError, match="record 1 has no 'id'"):
        read(web, key=["id"])
    with saying(json.dumps(RECORDS).encode()) as web:
        assert read(web, key=["id"]).num_rows == 6


def test_an_answer_without_the_place_of_its_records_says_what_it_has() -> None:
    for text, why in ((b'{"a": 1, "b": 2}', "it has 'a', 'b'"), (b"[1]", "it is a list"), (b"1", "it is no object")):
        with saying(text) as web, pytest.raises(SourceError) as caught:
            read(web, record_path="data.items")
        assert caught.value.why == why


def test_of_headers_with_one_name_the_steps_counts() -> None:
    with saying(b"[]") as web:
        read(web, {"headers": {"x-me": "1", "User-Agent": "me"}}, headers={"X-Me": "2", "accept": "text/x"}, **TYPED)
        assert [web.asked[0].headers[name] for name in ("x-me", "user-agent", "accept")] == ["2", "me", "text/x"]


def test_lines_and_csv_are_read_as_they_come() -> None:
    with saying(lines(RECORDS[:3]) + b"\n" + lines(RECORDS[3:]).rstrip(), NDJSON) as web:
        assert read(web).to_pylist() == read(web, format="ndjson", **TYPED).to_pylist() == RECORDS
    text = 'id;city\r\n1;"Brno; Lesná\nsever"\r\n2;\r\n\r\n'
    with saying(text.encode("cp1250"), CSV) as web:
        settings: dict[str, Any] = {"delimiter": ";", "encoding": "cp1250"} | TYPED
        for form in ("auto", "csv"):
            assert read(web, format=form, **settings).to_pylist() == [
                {"id": 1, "city": "Brno; Lesná\nsever"},
                {"id": 2, "city": ""},
            ]
        with pytest.raises(SourceError, match="is not in 'utf-8'"):
            read(web, format="csv", delimiter=";", **TYPED)


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        (b'{"id": 1}\n{"id": ', "ndjson", "line 2: "),
        (b'{"id": "' + b"x" * 17_000_000, "ndjson", "a line without end"),
        (b"id,id\n1,2\n", "csv", "two columns of one name"),
        (b"<html>", "csv", "no record has 'id'"),
    ],
)
def test_lines_that_are_wrong_are_an_error(text: bytes, form: str, said: str) -> None:
    body = text if text != b"<html>" else b"<html>\n1\n"
    with saying(body, {}) as web, pytest.raises(SourceError, match=said):
        read(web, format=form, columns={"id": "string"})


def test_an_empty_answer_in_lines_has_no_rows() -> None:
    for form in ("ndjson", "csv"):
        with saying(b"", {}) as web:
            assert read(web, format=form, **TYPED).num_rows == 0
        with Web(lambda _: Reply(status=204)) as web:
            assert read(web, format=form, **TYPED).num_rows == 0


def test_a_packed_answer_is_unpacked() -> None:
    with Web(lambda _: packed(told(RECORDS))) as web:
        assert read(web).to_pylist() == RECORDS


def test_what_an_answer_calls_its_encoding_counts_where_it_is_not_utf_8() -> None:
    text = '[{"id": 1, "city": "Orléans"}]'
    with saying(text.encode("latin-1"), {"Content-Type": 'application/json; charset="ISO-8859-1"'}) as web:
        assert read(web).column("city").to_pylist() == ["Orléans"]
    with saying(text.encode(), {"Content-Type": "application/json; charset=ISO-8859-1"}) as web:
        assert read(web).column("city").to_pylist() == ["Orléans"]
    with (
        saying(b"[\xff]", {"Content-Type": "application/json; charset=martian"}) as web,
        pytest.raises(SourceError, match="not in 'martian', as it says"),
    ):
        read(web)


def shop(asked: Asked) -> Reply:
    if asked.path == "/orders":
        return told({"data": [{"id": 1, "kind": "a/b"}, {"id": 2, "kind": "c"}]})
    return told([{"path": asked.path, "kind_asked": asked.params.get("kind"), "id": 7}])


PARENT: dict[str, Any] = {"path": "orders", "record_path": "data", "fields": {"order_id": "id", "kind": "kind"}}


def test_each_parent_leads_to_a_request_of_its_own() -> None:
    with Web(shop) as web:
        table = read(web, path="orders/{order_id}/{kind}/items", params={"kind": "{kind}", "deep": True}, parent=PARENT)
    assert table.to_pylist() == [
        {"path": "/orders/1/a%2Fb/items", "kind_asked": "a/b", "id": 7, "order_id": 1, "kind": "a/b"},
        {"path": "/orders/2/c/items", "kind_asked": "c", "id": 7, "order_id": 2, "kind": "c"},
    ]
    assert web.asked[-1].params["deep"] == "true"


@pytest.mark.parametrize(
    ("parents", "settings", "said"),
    [
        ([{"id": 1}, {"id": 2}], {"most": 1}, "more than 1 parents"),
        ([{"id": ".."}], {}, "leads nowhere"),
        ([{"id": ""}], {}, "leads nowhere"),
        ([{"id": None}], {}, "parent 1 has no value at 'id'"),
        ([{"id": 1, "city": "Brno"}], {"fields": {"id": "id", "city": "city"}}, "another 'city' than its parent"),
    ],
)
def test_a_parent_that_leads_nowhere_is_an_error(parents: Any, settings: Any, said: str) -> None:
    answer = {"/orders": parents}
    parent = {"path": "orders", "fields": {"id": "id"}} | settings
    with (
        Web(lambda a: told(answer.get(a.path, [{"city": "Praha"}]))) as web,
        pytest.raises(SourceError) as caught,
    ):
        read(web, path="orders/{id}", parent=parent, columns={"city": "string"})
    assert said in caught.value.message
    assert caught.value.hint


def test_a_parent_that_is_a_text_leads_where_it_says() -> None:
    with Web(lambda a: told(["12e4", "007"] if a.path == "/orders" else [{"path": a.path}])) as web:
        parent = {"path": "orders", "fields": {"id": "$"}}
        table = read(web, path="orders/{id}", parent=parent, columns={"path": "string", "id": "string"})
    assert table.to_pylist() == [{"path": "/orders/12e4", "id": "12e4"}, {"path": "/orders/007", "id": "007"}]


def test_values_alone_are_a_column_beside_their_parents() -> None:
    with Web(lambda a: told([{"id": 1}] if a.path == "/orders" else ["x", "y"])) as web:
        table = read(web, path="orders/{id}/tags", parent={"path": "orders", "fields": {"id": "id"}})
    assert table.to_pydict() == {"value": ["x", "y"], "id": [1, 1]}


def test_the_columns_are_those_of_the_first_pages() -> None:
    def answer(asked: Asked) -> Reply:
        number = int(asked.params["page"])
        return told([{"id": number, **({"late": 1} if number == 4 else {})}] if number < 6 else [])

    with Web(answer) as web:
        component = extractor(web, **BY_PAGE)
        announced = component.announce(Known(survey=component.survey()))
        assert len(web.asked) == 3
        assert announced.schema == pa.schema({"id": pa.int64()})
        with pytest.raises(CheckFailed, match="record 4: key 'late' is new"):
            read(web, **BY_PAGE, **announced.fixed)


def test_declared_columns_need_no_look() -> None:
    with Web(lambda _: Reply(status=500)) as web:
        component = extractor(web, **TYPED)
        announced = component.announce(Known(why="nobody looked")).schema
        assert announced is not None
        assert [(one.name, str(one.type)) for one in announced] == [("id", "int64"), ("city", "string")]
        assert [column.name for column in component.survey().columns] == ["id", "city"]
        assert web.asked == []


def test_nothing_is_announced_where_nobody_looked() -> None:
    config = RestExtract.model_validate({"path": "orders"})
    assert RestExtractor(config, HERE).announce(Known(why="nobody looked")).why == "nobody looked"


def test_no_record_tells_no_column() -> None:
    with saying(b"[]") as web, pytest.raises(SourceError, match="no record to tell the columns by"):
        extractor(web).survey()
    many = json.dumps([{f"k{n}": n for n in range(1_001)}]).encode()
    with saying(many) as web, pytest.raises(SourceError, match="more than 1000 different keys"):
        extractor(web).survey()


@pytest.mark.parametrize("path", ["record_path", "pagination"])
def test_a_path_that_is_none_is_the_authors_error(path: str) -> None:
    settings: dict[str, Any] = {"record_path": "data[", "pagination": {"type": "cursor", "cursor_path": "next["}}
    config = RestExtract.model_validate({"path": "orders", path: settings[path]})
    with pytest.raises(AuthorError, match="no JSONPath"):
        RestExtractor(config, HERE).announce(Known())


@pytest.mark.parametrize(
    ("fields", "header", "value"),
    [
        ({"auth_type": "bearer", "auth_token": SECRET}, "authorization", f"Bearer {SECRET}"),
        (
            {"auth_type": "basic", "auth_username": "ada", "auth_password": SECRET},
            "authorization",
            f"Basic {base64.b64encode(f'ada:{SECRET}'.encode()).decode()}",
        ),
        ({"auth_type": "api_key", "auth_token": SECRET}, "x-api-key", SECRET),
        ({"auth_type": "api_key", "auth_token": SECRET, "auth_header_name": "X-Shop"}, "x-shop", SECRET),
    ],
)
def test_each_request_is_signed_and_no_other_host_is_told(fields: dict[str, Any], header: str, value: str) -> None:
    with Web(lambda _: told(RECORDS)) as elsewhere:
        away = elsewhere.url.replace("127.0.0.1", "localhost")
        with Web(lambda _: Reply(status=302, headers={"Location": f"{away}/file"})) as web:
            assert read(web, fields | {"also_hosts": ["localhost"], "headers": {"X-Me": "1"}}).to_pylist() == RECORDS
            assert web.asked[0].headers[header] == value
            assert web.asked[0].headers["x-me"] == "1"
        assert elsewhere.asked[0].headers.keys() & {header, "x-me"} == set()
        assert SECRET not in str(elsewhere.asked)


@pytest.mark.parametrize(
    "fields",
    [
        {"auth_type": "bearer", "auth_token": SECRET},
        {"auth_type": "api_key", "auth_token": SECRET, "auth_param_name": "key"},
        {"auth_type": "basic", "auth_username": "ada", "auth_password": SECRET},
    ],
)
@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_no_error_shows_a_secret(fields: dict[str, Any], status: int) -> None:
    def echo(asked: Asked) -> Reply:
        return Reply(json.dumps([asked.headers, asked.params, SECRET]).encode(), status, JSON)

    with Web(echo) as web, pytest.raises(OutsideError) as caught:
        read(web, fields | {"max_retries": 0})
    said = f"{caught.value.to_dict()}{caught.value!r}{extractor(web, fields)!r}"
    assert SECRET not in said
    assert base64.b64encode(f"ada:{SECRET}".encode()).decode() not in said
    assert "***" in caught.value.why


OAUTH = {
    "auth_type": "oauth2",
    "client_id": "osiris",
    "client_secret": SECRET,
    "scope": "read",
}


def test_a_token_is_fetched_once_and_again_when_it_is_refused() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            return told({"access_token": f"t{asked.again}", "expires_in": 3600})
        if asked.headers["authorization"] == "Bearer t1" and asked.params["page"] == "2":
            return Reply(b"expired", 401)
        return by_page(asked)

    with Web(answer) as web:
        assert read(web, OAUTH | {"token_url": f"{web.url}/token"}, **BY_PAGE, **TYPED).to_pylist() == RECORDS
        tokens = [one for one in web.asked if one.path == "/token"]
    assert len(tokens) == 2
    assert dict(parse_qsl(tokens[0].body.decode())) == {"grant_type": "client_credentials", "scope": "read"}
    assert tokens[0].headers["authorization"] == f"Basic {base64.b64encode(f'osiris:{SECRET}'.encode()).decode()}"


def test_a_token_that_ends_at_once_is_fetched_for_each_request() -> None:
    with Web(lambda a: told({"access_token": "t", "expires_in": 1e-9}) if a.path == "/token" else by_page(a)) as web:
        read(web, OAUTH | {"token_url": f"{web.url}/token"}, **BY_PAGE, **TYPED)
        assert len([one for one in web.asked if one.path == "/token"]) == 4


def test_a_token_that_is_refused_again_or_is_none_is_a_connect_error() -> None:
    with Web(lambda a: told({"access_token": "t"}) if a.path == "/token" else Reply(status=401)) as web:
        with pytest.raises(ConnectError, match="refuses: 401"):
            read(web, OAUTH | {"token_url": f"{web.url}/token", "max_retries": 0})
        assert len(web.asked) == 4
    with Web(lambda _: told({"error": "no"})) as web, pytest.raises(ConnectError, match="has no token"):
        read(web, OAUTH | {"token_url": f"{web.url}/token"})
