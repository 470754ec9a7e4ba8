"""Addresses in the environment and dbt's profiles are found, and nothing secret of them is said."""

from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened

from osiris.app.connection_sources import Source, source_named, sources
from osiris.model.errors import ConfigError, UsageError

PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: postgres, host: db, port: 5433, user: ada, pass: correct-horse, dbname: shop, schema: sales, threads: 4}
    prod:
      type: postgres
      host: "{{ env_var('PG_HOST') }}"
      port: "{{ env_var('PG_PORT', '5432') | as_number }}"
      user: ada
      password: "{{ env_var('PG_PASSWORD') }}"
      dbname: shop
    away: {type: snowflake, account: x}
    other: {type: mysql, server: db, port: "3306", schema: shop, username: ada, password: correct-horse}
config: {send_anonymous_usage_stats: false}
"""


def found(folder: Path, **exported: str) -> dict[str, Source]:
    return {source.name: source for source in sources(opened(make(folder), None, "", **exported))}


def test_an_address_is_of_the_family_that_understands_it(tmp_path: Path) -> None:
    named = found(
        tmp_path,
        DATABASE_URL="postgres://ada:p@db/shop",  # pragma: allowlist secret
        OLD_URL="mysql://ada:p@db/shop",  # pragma: allowlist secret
        HOME_URL="https://example.com",
        EMPTY_URL="none",
        MYSQL_DSN="mysql://ada:p@db/shop",  # pragma: allowlist secret
    )
    assert {name: (source.family, dict(source.fields)) for name, source in named.items()} == {
        "env:DATABASE_URL": ("postgres", {"url": "${DATABASE_URL}"}),
        "env:OLD_URL": ("mysql", {"url": "${OLD_URL}"}),
    }


def test_a_profile_of_dbt_becomes_fields_and_its_password_stays_unseen(tmp_path: Path) -> None:
    (make(tmp_path) / "profiles.yml").write_text(PROFILES, "utf-8")
    named = found(tmp_path)
    assert list(named) == ["dbt:shop.dev", "dbt:shop.other", "dbt:shop.prod"]
    dev, other, prod = named.values()
    assert dev.fields == {"host": "db", "port": 5433, "user": "ada", "database": "shop", "schema": "sales"}
    assert (dev.secrets, dev.left_out) == ({"password": "correct-horse"}, ("threads",))  # pragma: allowlist secret
    assert "correct-horse" not in repr(dev)
    assert other.fields == {"host": "db", "port": 3306, "database": "shop", "user": "ada"}
    assert prod.fields["host"] == "${PG_HOST}"
    assert (prod.fields["port"], prod.fields["password"]) == ("${PG_PORT:-5432}", "${PG_PASSWORD}")
    assert prod.secrets == {}


def test_what_dbt_has_in_quotes_stays_as_it_is_and_a_default_of_a_secret_is_a_secret(tmp_path: Path) -> None:
    outputs = (
        'dev: {type: mysql, user: "007", password: "0123"}',
        "prod: {type: mysql, password: \"{{ env_var('PW', 'correct-horse') }}\"}",
        "none: {type: mysql, password: '', host: db}",
    )
    text = "shop:\n  outputs:\n" + "".join(f"    {line}\n" for line in outputs)
    (make(tmp_path) / "profiles.yml").write_text(text, "utf-8")
    named = found(tmp_path)
    assert named["dbt:shop.dev"].fields == {"user": "007"}
    assert named["dbt:shop.dev"].secrets == {"password": "0123"}  # pragma: allowlist secret
    assert named["dbt:shop.prod"].fields == {}
    assert named["dbt:shop.prod"].secrets == {"password": "correct-horse"}  # pragma: allowlist secret
    other = found(tmp_path, PW="another-horse")["dbt:shop.prod"].secrets
    assert other == {"password": "another-horse"}  # pragma: allowlist secret
    assert (named["dbt:shop.none"].fields, named["dbt:shop.none"].secrets) == ({"host": "db"}, {})


def test_profiles_that_cannot_be_read_are_in_nobodys_way_until_they_are_wanted(tmp_path: Path) -> None:
    (make(tmp_path) / "profiles.yml").write_text("shop: [", "utf-8")
    project = opened(tmp_path, SHOP_URL="mysql://db/shop")
    assert [source.name for source in sources(project)] == ["env:SHOP_URL"]
    with pytest.raises(ConfigError) as caught:
        source_named(project, "dbt:shop.dev")
    assert "profiles.yml" in caught.value.where


def test_the_profiles_are_looked_for_where_dbt_does(tmp_path: Path) -> None:
    for place in ("named", "home/.dbt"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "profiles.yml").write_text(PROFILES.replace("shop:", f"{place[:4]}:", 1), "utf-8")
    home, project = str(tmp_path / "home"), tmp_path / "project"
    assert "dbt:home.dev" in found(project, HOME=home)
    assert "dbt:name.dev" in found(project, HOME=home, DBT_PROFILES_DIR=str(tmp_path / "named"))
    assert found(project) == {}


def test_a_source_that_is_not_there_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    project = opened(make(tmp_path), SHOP_URL="mysql://db/shop")
    assert source_named(project, "env:SHOP_URL").family == "mysql"
    with pytest.raises(UsageError, match="there is no source 'env:SHOPURL'") as caught:
        source_named(project, "env:SHOPURL")
    assert caught.value.hint == "found here: env:SHOP_URL"
    with pytest.raises(UsageError) as caught:
        source_named(opened(make(tmp_path)), "env:SHOP_URL")
    assert "none was found" in caught.value.hint
