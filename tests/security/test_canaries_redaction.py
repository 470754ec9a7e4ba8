"""No secret gets past the redactor, in any form; what merely looks like one does."""

import json
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.security.canaries import FORMS, SECRETS
from tests.unit.observe.shop import completed, failed, manifest, session

from osiris.model.errors import CheckFailed, SourceError
from osiris.model.events import Warned
from osiris.model.oml import Metadata
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.package import export
from osiris.observe.metrics import write_metrics
from osiris.observe.redact import MASK, Redactor

REDACT = Redactor(SECRETS.values())
LOOKALIKES = (
    "p@ss/w:rd",
    "line-one and line-two",
    "Zlutoucky-kun",
    "aB3$x and x9",
    "tok_abcdefghij",
    "service_account",
    "-----BEGIN CERTIFICATE-----",
    "correct horse, wrong battery",
    "order 9182736450 of customer 1918273645",
    "9182736",
    "the 918273 645 rows",
    "2026-11-25 10:20:30,123 to 2026-11-26 11:21:31",
    "a1:b2:c3:d4:e5:f6 and 61 42 33 24 78",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",  # pragma: allowlist secret
    r"C:\100\201\new\Users and %u0041 and \u{41}",
)


def misread(kind: str, form: str) -> bool:
    """Return whether a secret in a form is seen afterwards, or something around it is not."""
    written = FORMS[form](SECRETS[kind])
    masked = REDACT.text(f"before {written} after")
    hidden = MASK in masked and written not in masked and not REDACT.leaks(masked)
    whole = masked.startswith("before ") and masked.endswith(" after")
    narrow = len(masked) < 40 or "five lines" in form
    return not (hidden and whole and narrow)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_any_form_is_masked_and_nothing_around_it(kind: str) -> None:
    assert [form for form in FORMS if misread(kind, form)] == []


@pytest.mark.parametrize("kind", SECRETS)
def test_a_tree_is_masked_as_its_texts_are(kind: str) -> None:
    for form in FORMS.values():
        text = f"before {form(SECRETS[kind])} after"
        masked = REDACT.text(text)
        tree = {"rows": 918273645, "told": [text, {"why": text, text: None}], "ok": True}
        assert REDACT(tree) == {"rows": 918273645, "told": [masked, {"why": masked, masked: None}], "ok": True}


@pytest.mark.parametrize("text", LOOKALIKES)
def test_what_merely_looks_like_a_secret_stays(text: str) -> None:
    assert REDACT.text(text) == text
    assert REDACT({"value": [text]}) == {"value": [text]}
    assert not REDACT.leaks(text)


@pytest.mark.parametrize("start", [0, 3, 300])
def test_a_long_secret_that_was_cut_is_masked(start: int) -> None:
    cut = SECRETS["very long"][start : start + 100]
    assert REDACT.text(f"refused: {cut} (cut)") == f"refused: {MASK} (cut)"


def test_one_line_of_a_key_is_masked() -> None:
    line = SECRETS["a PEM file"].splitlines()[2]
    assert REDACT.text(f"bad line: {line}") == f"bad line: {MASK}"


@pytest.mark.parametrize(
    "whole",
    [
        "postgresql://ada:s3cr%2Ft-inner@db.example:5432/shop",  # pragma: allowlist secret
        "host=db user=ada password='s3cr/t-inner' dbname=shop",  # pragma: allowlist secret
        '[{"credentials": {"token": "s3cr/t-inner"}}]',  # pragma: allowlist secret
    ],
)
def test_a_secret_inside_a_secret_is_masked_alone_too(whole: str) -> None:
    redact = Redactor([whole])
    assert redact.text("no such user: s3cr/t-inner") == f"no such user: {MASK}"  # pragma: allowlist secret
    assert "s3cr" not in redact.text(f"cannot use {whole}")


def test_a_secret_encoded_more_often_than_anybody_does_is_not_looked_for() -> None:
    written = SECRETS["with quotes"]
    for _ in range(3):
        written = json.dumps(written)
    assert REDACT.leaks(written)
    for _ in range(3):
        written = json.dumps(written)
    assert not REDACT.leaks(written)


def test_a_secret_that_merely_begins_like_json_is_a_text() -> None:
    assert Redactor(["{not-json-at-all"]).text("x {not-json-at-all x") == f"x {MASK} x"


def test_what_is_not_secret_in_a_json_secret_stays() -> None:
    assert REDACT.text("type service_account") == "type service_account"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mysql://root:pw@h:3306/db", "mysql://***@h:3306/db"),  # pragma: allowlist secret
        ("a+b://u:p%40w@h/db?ssl=require", "a+b://***@h/db?ssl=require"),  # pragma: allowlist secret
        ("see https://token@git.example/x and ftp://a:b@c/", "see https://***@git.example/x and ftp://***@c/"),
        ("mysql://root:p@w@h/db", "mysql://***@h/db"),
        ("https://h/x?api_key=abc&n=1", "https://h/x?api_key=***&n=1"),
        ("https://h/x?n=1&X-Amz-Signature=ab12&m=2", "https://h/x?n=1&X-Amz-Signature=***&m=2"),
        ("https://h/a@b?mail=a@b.c", "https://h/a@b?mail=a@b.c"),
        ("https://h/x?n=1#top", "https://h/x?n=1#top"),
        ("@duckdb.shop/orders", "@duckdb.shop/orders"),
    ],
)
def test_the_user_of_a_url_is_masked_whoever_knows_the_password(text: str, masked: str) -> None:
    assert Redactor().text(text) == masked
    assert Redactor()([text]) == [masked]
    assert Redactor().text(masked) == masked


@pytest.mark.parametrize(
    ("tree", "masked"),
    [
        ({"password": "abc"}, {"password": MASK}),
        ({"a": [{"Token": "x"}]}, {"a": [{"Token": MASK}]}),
        ({"password": "${PW}"}, {"password": "${PW}"}),
        ({"password": "${PW:-pw}"}, {"password": MASK}),
        ({"password": ""}, {"password": ""}),
        ({"token": 3}, {"token": 3}),
        ({"digests": {"password": "0123"}}, {"digests": {"password": "0123"}}),
        ({"columns": {"token": "string"}}, {"columns": {"token": "string"}}),
        ({"primary_key": "id", "sort_key": "a"}, {"primary_key": "id", "sort_key": "a"}),
    ],
)
def test_a_secret_field_is_masked_by_its_name_and_a_column_is_not(tree: object, masked: object) -> None:
    assert Redactor()(tree) == masked


def test_a_short_secret_is_masked_where_a_secret_stands_and_nowhere_else() -> None:
    redact = Redactor(["cat"])
    told = redact.text("password=cat; PWD: 'cat', a cat")  # pragma: allowlist secret
    assert told == f"password={MASK}; PWD: '{MASK}', a cat"
    assert redact.text("{'pwd': 'cat'}") == f"{{'pwd': '{MASK}'}}"  # pragma: allowlist secret
    assert redact.text("password=catalogue, password=CAT") == "password=catalogue, password=CAT"
    assert not redact.leaks("a cat")


def test_words_of_the_record_are_no_secrets() -> None:
    redact = Redactor(["completed", "postgres", "  ", "", "Transform"])
    assert redact.text("postgres.writer completed; transform") == "postgres.writer completed; transform"


def test_a_tree_without_secrets_is_handed_back_itself() -> None:
    tree = {"a": ["b", 1, None, 2.5]}
    assert REDACT(tree) is tree


def test_tuples_stay_tuples() -> None:
    assert REDACT(("x", SECRETS["with blanks"])) == ("x", MASK)


@given(st.text(min_size=6, max_size=40), st.sampled_from(sorted(FORMS)), st.text("xyzuUx{} \n%\\&+0", max_size=12))
def test_whatever_the_secret_no_form_of_it_is_left(secret: str, form: str, around: str) -> None:
    redact = Redactor([secret])
    if len(secret.strip()) < 6:
        return
    masked = redact.text(f"{around} {FORMS[form](secret)} {around}")
    assert not redact.leaks(masked)
    assert secret not in masked
    assert urllib.parse.quote(secret, safe="") not in masked
    assert redact.text(masked) == masked


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda t: st.lists(t) | st.dictionaries(st.text(), t)
    )
)
def test_the_shape_of_a_tree_stays(tree: object) -> None:
    def shape(value: object) -> object:
        if isinstance(value, dict):
            return [shape(item) for item in value.values()]
        return [shape(item) for item in value] if isinstance(value, list) else type(value)

    assert shape(Redactor(["secret-of-mine"])(tree)) == shape(tree)


@pytest.mark.parametrize("kind", SECRETS)
def test_no_file_of_a_session_holds_a_secret(tmp_path: Path, kind: str) -> None:
    secret = SECRETS[kind]
    told = "; ".join(form(secret) for form in FORMS.values())
    wanted = manifest(metadata=Metadata(intent=f"use {told}"))
    events = [*failed(SourceError(f"refused {told}", why=told, hint=f"not {secret}"))[:-1], Warned(message=told)]
    kept = session(tmp_path, [*events, *completed()[-2:]], of=wanted, oml=f"# {told}\n{secret}", redact=REDACT)
    write_metrics(kept)
    export(kept, settings=AiopSettings(), redact=REDACT)
    for file in (kept.events, kept.metrics, kept.frozen, kept.aiop, kept.run_card):
        content = file.read_text("utf-8")
        assert MASK in content or file == kept.metrics
        assert not [name for name, form in FORMS.items() if form(secret) in content], file.name
        assert not REDACT.leaks(content), file.name


def test_what_became_a_secret_after_the_run_is_not_in_its_package(tmp_path: Path) -> None:
    kept = session(tmp_path, [*completed()[:2], Warned(message="look at new-secret-1"), *completed()[2:]])
    export(kept, settings=AiopSettings(), redact=Redactor(["new-secret-1"]))
    assert "new-secret-1" in kept.events.read_text("utf-8")
    assert "new-secret-1" not in kept.aiop.read_text("utf-8") + kept.run_card.read_text("utf-8")


def test_a_package_that_would_still_hold_a_secret_is_not_written(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    with pytest.raises(CheckFailed) as caught:
        export(kept, settings=AiopSettings(), redact=Redactor(["urn:osiris:run"]))
    assert caught.value.hint
    assert not kept.aiop.exists()
    assert not kept.run_card.exists()
    assert json.loads(kept.frozen.read_text("utf-8"))
