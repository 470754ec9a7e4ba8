"""What may be said about an API, and what may not: no secret in a step, no path out of the API."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.services.web import Reply, Web, told
from tests.unit.components.rest.apis import HERE, extractor

from osiris.components.rest import FAMILY
from osiris.components.rest.config import RestConnection, RestExtract
from osiris.model.errors import AuthorError, ConfigError

DESK = FAMILY.desk


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"path": "https://elsewhere/x"}, "no path below"),
        ({"path": "//elsewhere/x"}, "no path below"),
        ({"path": "orders?page=1"}, "parameters go into"),
        ({"path": "a/../../b"}, "leads out"),
        ({"path": "%2e%2E/b"}, "leads out"),
        ({"path": "a\\b"}, "no path below"),
        ({"params": {"api_key": "x"}}, "auth_param_name: api_key"),
        ({"headers": {"Authorization": "x"}}, "auth_header_name: Authorization"),
        ({"headers": {"X-Shop": "a\nb"}}, "one line of ASCII"),
        ({"headers": {"X Shop": "a"}}, "can't be sent"),
        ({"headers": {"Host": "elsewhere"}}, "sent by itself"),
        ({"headers": {"Ocp-Apim-Subscription-Key": "x"}}, "looks like a secret"),
        ({"columns": {"id": "whole"}}, "column 'id': 'whole' is not a type"),
        ({"columns": {"id": "duration[s]"}}, "column 'id'"),
        ({"encoding": "martian"}, "no encoding 'martian'"),
        ({"path": "orders/{id}"}, "no field of `parent`"),
        ({"parent": {"path": "x", "fields": {"id": "id"}}}, "has to use a field"),
        ({"pagination": {"type": "cursor"}}, "needs it"),
        ({"pagination": {"type": "page", "next_path": "x"}}, "goes with `type: link`"),
        ({"pagination": {"param": "page"}}, "`param` goes with `type: page`"),
    ],
)
def test_a_step_that_can_not_be_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RestExtract.model_validate({"path": "orders"} | settings)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "settings", [{"params": {"page_token": "x", "ids": [1, 2]}}, {"columns": {"a": "list<item: struct<b: int64>>"}}]
)
def test_a_step_that_can_be_is_taken(settings: dict[str, Any]) -> None:
    RestExtract.model_validate({"path": "orders"} | settings)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"base_url": "ftp://h"}, "an address such as"),
        ({"base_url": "https://"}, "an address such as"),
        ({"base_url": "https://h:99999"}, "an address such as"),
        ({"base_url": "https://ada:x@h"}, "no user, no password"),
        ({"base_url": "https://h/?key=x"}, "no parameters"),
        ({"base_url": "https://h", "token_url": "x"}, "an address such as"),
        ({"base_url": "https://h", "auth_token": "a\nb"}, "a line end"),
        ({"base_url": "https://h", "auth_header_name": "a b"}, "can't be the name"),
        ({"base_url": "https://h", "headers": {"Cookie": "x"}}, "looks like a secret"),
    ],
)
def test_a_connection_that_can_not_be_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RestConnection.model_validate(fields)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("bearer", "auth_token"), ("basic", "auth_username"), ("api_key", "auth_token"), ("oauth2", "token_url")],
)
def test_what_a_sign_on_lacks_is_named(kind: str, missing: str) -> None:
    with Web(lambda _: told([])) as web, pytest.raises(ConfigError, match=f"needs `{missing}`"):
        extractor(web, {"auth_type": kind}).extract()


def checked(web: Web, **fields: Any) -> Any:
    assert DESK is not None
    return DESK.check(RestConnection.model_validate({"base_url": web.url, "max_retries": 0} | fields), HERE)


def test_check_says_whether_the_api_is_there() -> None:
    answers = {"/": (404, "is there"), "/health": (200, "answers 200"), "/secret": (401, "refuses")}
    with Web(lambda a: told({"status": "up"}) if a.path == "/health" else told({})) as web:
        assert checked(web, check_path="health").status == "ok"
    with Web(lambda a: _status(answers.get(a.path, (500, ""))[0])) as web:
        assert (checked(web).status, "it is there" in checked(web).detail) == ("ok", True)
        wrong = checked(web, check_path="/secret")
        assert (wrong.status, "refuses: 401" in wrong.detail, bool(wrong.hint)) == ("failed", True, True)
        assert checked(web, check_path="boom").status == "failed"
    with Web(lambda _: _status(403)) as web:
        assert "set `check_path` to a path that you may read" in checked(web).hint
    with Web(lambda _: _status(404)) as web:
        assert checked(web, check_path="health").hint == "check `check_path`"


def _status(status: int) -> Any:
    return Reply(status=status)


def test_an_api_has_no_tables_and_answers_no_sql() -> None:
    assert DESK is not None
    connection = RestConnection.model_validate({"base_url": "http://127.0.0.1:1", "max_retries": 0})
    assert DESK.catalogue(connection, HERE).tables == ()
    with pytest.raises(AuthorError, match="no tables"):
        DESK.profile(connection, HERE, "orders", 1)
    with pytest.raises(AuthorError, match="no SQL"):
        DESK.query(connection, HERE, "SELECT 1", 1)
