"""A database's address in one line: read exactly, or refused without a word of what it holds."""

import pytest

from osiris.kit.url import fields_of, place_of

SCHEMES = ("postgresql", "postgres")


def test_only_what_is_said_is_a_field() -> None:
    assert fields_of("postgres://db", SCHEMES) == {"host": "db"}
    assert fields_of(" postgresql://ada:p%40ss@db:1/shop?sslmode=require ", SCHEMES) == {  # pragma: allowlist secret
        "host": "db",
        "port": 1,
        "user": "ada",
        "password": "p@ss",  # pragma: allowlist secret
        "database": "shop",
    }


def test_an_at_sign_in_a_password_is_understood_where_it_can_be() -> None:
    assert fields_of("postgres://ada:p@ss@db", SCHEMES)["password"] == "p@ss"  # pragma: allowlist secret


@pytest.mark.parametrize("rest", ["#", "/", "?"])
@pytest.mark.parametrize("begin", ["horse@", "1"])
def test_a_password_that_cuts_the_address_short_is_refused_and_never_taken_for_a_host(begin: str, rest: str) -> None:
    with pytest.raises(ValueError, match="special characters as %XX") as caught:
        fields_of(f"postgres://ada:{begin}staple{rest}battery@db:1/shop", SCHEMES)  # pragma: allowlist secret
    assert "staple" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "horse-staple", "horse:staple", "{}", "postgres:///shop", "postgres://db:port", "postgres://a:b/c@db"]
)
def test_what_is_no_address_leads_nowhere(text: str) -> None:
    assert place_of(text) == ""


def test_where_an_address_leads_has_nothing_to_do_with_its_password_and_its_options() -> None:
    one = "postgresql://ada:horse@db:1/shop"  # pragma: allowlist secret
    other = "postgresql://ada:staple@db:1/shop?sslmode=require"  # pragma: allowlist secret
    assert place_of(one) == place_of(f" {other}") == "postgresql://ada@db:1/shop"
    assert place_of("postgresql://db/shop") != place_of("postgresql://db/other")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://db:port/shop", "can't be read"),
        ("mysql://db/shop", "has to begin with postgresql://, and it begins with mysql"),
        ("horse:staple", "begins with something else"),  # it may be a password alone
        ("postgres:///shop", "names no host"),
    ],
)
def test_an_address_of_another_form_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fields_of(url, SCHEMES)
