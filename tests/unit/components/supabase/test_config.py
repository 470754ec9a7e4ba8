"""What may be said about a project: as published for Osiris 0.3 to 0.5, and refused where it leads nowhere."""

from typing import Any

import pytest
from pydantic import ValidationError

from osiris.components.supabase.config import SupabaseConnection, SupabaseExtract, SupabaseWrite
from osiris.components.supabase.door import driver
from osiris.components.supabase.filters import as_sql
from osiris.model.errors import ExtraMissing

KEY = "a-key-of-a-test"  # pragma: allowlist secret
DSN = "postgresql://postgres:s3cret@db.abc.supabase.co:6543/postgres?sslmode=require"  # pragma: allowlist secret


def of(**fields: Any) -> SupabaseConnection:
    return SupabaseConnection.model_validate(fields)


@pytest.mark.parametrize("name", ["key", "service_role_key", "anon_key"])
def test_a_key_has_several_names(name: str) -> None:
    connection = of(**{"url": "https://abc.supabase.co/", name: KEY})
    assert (connection.address, connection.secret, connection.direct) == ("https://abc.supabase.co", KEY, None)
    assert KEY not in repr(connection)


def test_the_better_key_wins() -> None:
    assert of(project_id="abc", anon_key="weak", service_role_key=KEY).secret == KEY
    assert of(project_id="abc", anon_key=KEY, service_role_key="").secret == KEY


def test_a_project_has_an_address() -> None:
    assert of(project_id="abc", key=KEY).address == "https://abc.supabase.co"


def test_the_direct_address_is_one_line() -> None:
    connection = of(url="https://abc.supabase.co", key=KEY, pg_dsn=DSN, schema="sales")
    direct = connection.direct
    assert direct is not None
    assert (direct.host, direct.port, direct.user, direct.database) == (
        "db.abc.supabase.co",
        6543,
        "postgres",
        "postgres",
    )
    assert (direct.tls, direct.default_schema) == ("required", "sales")
    assert direct.password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(connection)


def test_a_password_completes_an_address() -> None:
    direct = of(url="https://abc.supabase.co", password="p", tls="verify-full", tls_ca="ca.crt").direct
    assert direct is not None
    assert (direct.host, direct.user, direct.database) == ("db.abc.supabase.co", "postgres", "postgres")
    assert (direct.tls, direct.tls_ca) == ("verify_identity", "ca.crt")
    without = DSN.replace(":s3cret", "")
    with_password = of(pg_dsn=without, password="p").direct
    assert with_password is not None
    assert with_password.password.get_secret_value() == "p"


@pytest.mark.parametrize(
    "wrong",
    [{}, {"url": "https://abc.supabase.co"}, {"key": KEY}, {"url": "abc.supabase.co", "key": KEY},
     {"project_id": "a b", "key": KEY}, {"pg_dsn": "mysql://a@b/c"}, {"password": "p"}],
)  # fmt: skip
def test_a_connection_that_leads_nowhere_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        of(**wrong)


def test_published_settings_are_understood() -> None:
    config = SupabaseExtract.model_validate(
        {"table": "t", "select": 'id, "Big one"', "filter": {"a": "eq.1"}, "order": "id.desc.nullslast", "timeout": 30,
         "retries": 3, "tables": ["t"]}
    )  # fmt: skip
    assert config.chosen == ["id", "Big one"]
    assert config.orders == [("id", "desc", "nullslast")]
    written = SupabaseWrite.model_validate(
        {"table": "t", "mode": "upsert", "primary_key": "id", "batch_size": 100, "returning": "*", "timeout": 30,
         "retries": 3, "prefer": "resolution=merge-duplicates", "ddl_channel": "psycopg2", "create_if_missing": True}
    )  # fmt: skip
    assert (written.write_mode, written.primary_key) == ("merge", ["id"])


@pytest.mark.parametrize(
    "wrong",
    [{}, {"table": "t", "query": "SELECT 1"}, {"table": "t", "select": "*,customer:customers(name)"},
     {"table": "t", "select": "a", "columns": ["a"]}, {"table": "t", "select": "a,a"},
     {"query": "SELECT 1", "filter": {"a": "eq.1"}}, {"table": "t", "filter": {"a": "roughly.1"}},
     {"table": "t", "filter": {"a": "in.1"}}, {"table": "t", "order": "a.sideways"}],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SupabaseExtract.model_validate(wrong)


@pytest.mark.parametrize(
    ("condition", "sql"),
    [
        ("eq.paid", "\"c\" = 'paid'"),
        ("neq.O'Hara", "\"c\" <> 'O''Hara'"),
        ("gte.2024-01-01", "\"c\" >= '2024-01-01'"),
        ("like.Br*", "\"c\" LIKE 'Br%'"),
        ("is.null", '"c" IS NULL'),
        (None, '"c" IS NULL'),
        (True, '"c" IS TRUE'),
        (5, "\"c\" = '5'"),
        ('in.(a,"b,c","d\\"e")', "\"c\" IN ('a', 'b,c', 'd\"e')"),
        ("not.in.(a,b)", "NOT (\"c\" IN ('a', 'b'))"),
    ],
)
def test_a_condition_means_the_same_in_sql(condition: Any, sql: str) -> None:
    assert as_sql("c", condition) == sql


def test_a_missing_client_is_named() -> None:
    with pytest.raises(ExtraMissing) as caught:
        driver("postgrest_that_is_not_there")
    assert "osiris-etl[supabase]" in caught.value.hint
