"""What a user may say about Supabase."""

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from osiris.components.postgres.config import OddDates, PostgresConnection, PostgresWrite, Tls
from osiris.components.supabase.filters import must_be_a_filter
from osiris.kit.component import Config, Connection
from osiris.kit.named_files import CertificateFile
from osiris.kit.tunnel import SshTunnel

_PROJECT = re.compile(r"[a-z0-9-]+\Z", re.IGNORECASE)
_NAMES = re.compile(r'\s*(\*|\w+|"[^"]+")\s*(,\s*(\w+|"[^"]+")\s*)*\Z')
_ORDER = re.compile(r"(?P<name>\w+)(?:\.(?P<way>asc|desc))?(?:\.(?P<nulls>nullsfirst|nullslast))?\Z")


class SupabaseConnection(Connection):
    """A Supabase project: its database by the direct address `pg_dsn`, or its REST interface by `url` and `key`."""

    url: str = Field(
        default="",
        validation_alias=AliasChoices("url", "supabase_url"),
        description="The project's address, such as `https://abc.supabase.co`.",
    )
    project_id: str = Field(default="", description="Instead of `url`: the project's reference, such as `abc`.")
    key: SecretStr | None = Field(default=None, description="The key for the REST interface.")
    service_role_key: SecretStr | None = Field(default=None, description="Means the same as `key`.")
    anon_key: SecretStr | None = Field(default=None, description="Another key, used where there is no better one.")
    pg_dsn: SecretStr | None = Field(
        default=None,
        examples=["postgresql://user:password@host:5432/database"],  # pragma: allowlist secret
        description="The database's direct address: faster by far, and the only way to replace, to make tables and to "
        "run a `query`.",
    )
    password: SecretStr | None = Field(
        default=None, description="The database's password: with `url` or `project_id` it makes a direct address."
    )
    default_schema: str = Field(
        default="public", alias="schema", min_length=1, description="Schema of tables that are named without one."
    )
    tls: Tls = Field(
        default="preferred",
        validation_alias=AliasChoices("tls", "sslmode", "ssl_mode"),
        description="Of the direct address; see `postgres`.",
    )
    tls_ca: CertificateFile = Field(default="", validation_alias=AliasChoices("tls_ca", "sslrootcert", "ssl_ca"))
    ssh_tunnel: SshTunnel | None = Field(
        default=None, description="Of the direct address: an SSH server to go through, where it can't be reached."
    )
    timeout: float = Field(default=30, gt=0, description="Seconds to wait for an answer of the REST interface.")
    connect_timeout: float = Field(default=10, gt=0, description="Seconds until an attempt to connect is given up.")

    @field_validator("tls", mode="before")
    @classmethod
    def _libpq_words(cls, tls: Any) -> Any:
        return PostgresConnection.model_validate({"tls": tls}).tls

    @field_validator("pg_dsn")
    @classmethod
    def _is_an_address(cls, dsn: SecretStr | None) -> SecretStr | None:
        if dsn is not None and dsn.get_secret_value():
            PostgresConnection.model_validate({"url": dsn})
        return dsn

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            raise ValueError("it has to be of the form https://abc.supabase.co")
        return url.rstrip("/")

    @field_validator("project_id")
    @classmethod
    def _is_a_reference(cls, project: str) -> str:
        if project and not _PROJECT.match(project):
            raise ValueError("it has letters, digits and dashes only")
        return project

    @model_validator(mode="after")
    def _leads_somewhere(self) -> "SupabaseConnection":
        if self.direct is None and not (self.address and self.secret):
            raise ValueError("it needs `pg_dsn`, or `url` (or `project_id`) and `key` (or `service_role_key`)")
        if self.direct is None and self.ssh_tunnel is not None:
            raise ValueError("`ssh_tunnel` goes with the direct address `pg_dsn`")
        return self

    @property
    def address(self) -> str:
        """Return the project's address; empty where nothing says it."""
        return self.url or (f"https://{self.project_id}.supabase.co" if self.project_id else "")

    @property
    def secret(self) -> str:
        """Return the key for the REST interface; empty where there is none."""
        keys = (self.key, self.service_role_key, self.anon_key)
        return next((key.get_secret_value() for key in keys if key is not None and key.get_secret_value()), "")

    @property
    def direct(self) -> PostgresConnection | None:
        """Return the direct way to the database; None where nobody says its address."""
        common = {
            "schema": self.default_schema,
            "tls_ca": self.tls_ca,
            "ssh_tunnel": self.ssh_tunnel,
            "connect_timeout": self.connect_timeout,
        }
        tls = {"tls": self.tls} if "tls" in self.model_fields_set else {}
        if self.pg_dsn is not None and self.pg_dsn.get_secret_value():
            own = {"password": self.password} if self.password is not None else {}
            return PostgresConnection.model_validate({"url": self.pg_dsn} | own | common | tls)
        project = self.project_id or (urlsplit(self.url).hostname or "").partition(".")[0]
        if self.password is None or not self.password.get_secret_value() or not project:
            return None
        host = {"host": f"db.{project}.supabase.co", "user": "postgres", "database": "postgres"}
        return PostgresConnection.model_validate(host | {"password": self.password} | common | tls)


class SupabaseExtract(Config):
    """Configuration of `supabase.extractor`."""

    query: str = Field(default="", description="One SELECT in PostgreSQL's SQL; needs the direct address.")
    table: str = Field(default="", description="A table or view to read, such as `orders` or `sales.orders`.")
    table_schema: str = Field(
        default="", alias="schema", description="Schema that the table lies in; by default the connection's."
    )
    columns: list[str] = Field(default=[], description="These columns, in this order; all where empty.")
    select: str = Field(default="*", description="Means the same as `columns`: names with commas between them.")
    filter: dict[str, Any] = Field(
        default={},
        description="Column to condition, such as `eq.completed`, `gte.2024-01-01`, `in.(a,b)` or `not.is.null`; all "
        "must hold.",
    )
    order: str = Field(default="", description="Columns to sort by, such as `created_at.desc,id`.")
    limit: int | None = Field(default=None, ge=0, description="Most rows to read.")
    offset: int = Field(default=0, ge=0, description="Rows to leave out at the start.")
    odd_dates: OddDates = Field(
        default="fail",
        description="What becomes of `infinity`, of dates before the year 1 or after 9999, and of the time 24:00: "
        "`fail` stops the run, `null` makes them NULL, `text` reads all columns of dates and times as text.",
    )
    arrays: Literal["list", "text"] = Field(
        default="list", description="By the direct address: see `postgres.extractor`. By REST arrays are text."
    )
    statement_timeout: float | None = Field(
        default=None, gt=0, description="By the direct address: seconds after which the server gives the query up."
    )
    timeout: float | None = Field(default=None, gt=0, description="Seconds to wait for one answer by REST.")
    retries: int = Field(default=3, ge=0, le=10, description="How often a request by REST is repeated.")
    batch_size: int = Field(default=1000, ge=1, le=10_000, description="Rows that are asked for at once by REST.")
    tables: list[str] = Field(default=[], description="Says nothing now: the tables are found by themselves.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @field_validator("select")
    @classmethod
    def _are_names(cls, select: str) -> str:
        if not _NAMES.match(select):
            raise ValueError("write plain column names, such as `id,city`; to join tables write a `query`")
        return select

    @field_validator("order")
    @classmethod
    def _is_an_order(cls, order: str) -> str:
        if order and not all(_ORDER.match(part.strip()) for part in order.split(",")):
            raise ValueError("write columns and directions, such as `created_at.desc,id`")
        return order

    @field_validator("filter")
    @classmethod
    def _are_filters(cls, filters: dict[str, Any]) -> dict[str, Any]:
        for condition in filters.values():
            must_be_a_filter(condition)
        return filters

    @model_validator(mode="after")
    def _one_source(self) -> "SupabaseExtract":
        if bool(self.query.strip()) == bool(self.table.strip()):
            raise ValueError("write either `query` or `table`")
        if self.columns and self.select != "*":
            raise ValueError("write either `columns` or `select`")
        if self.query and (self.chosen or self.filter or self.order or self.table_schema):
            raise ValueError("`columns`, `select`, `filter`, `order` and `schema` go with `table`")
        if len(set(self.chosen)) < len(self.chosen):
            raise ValueError("a column is named twice")
        return self

    @property
    def chosen(self) -> list[str]:
        """Return the columns wanted, in order; none where all are."""
        if self.select.strip() == "*":
            return self.columns
        return [name.strip().strip('"') for name in self.select.split(",")]

    @property
    def orders(self) -> list[tuple[str, str, str]]:
        """Return what to sort by: column, `asc` or `desc` or nothing, where NULLs go or nothing."""
        found = (_ORDER.match(part.strip()) for part in self.order.split(",") if part)
        return [(one["name"], one["way"] or "", one["nulls"] or "") for one in found if one]


class SupabaseWrite(PostgresWrite):
    """Configuration of `supabase.writer`."""

    batch_size: int = Field(default=500, ge=1, le=10_000, description="Rows that are sent at once by REST.")
    timeout: float | None = Field(default=None, gt=0, description="Seconds to wait for one answer by REST.")
    retries: int = Field(
        default=3, ge=0, le=10, description="How often a request by REST is repeated, where that is safe."
    )
    returning: str = Field(default="minimal", description="Says nothing now.")
    prefer: str = Field(default="", description="Says nothing now: `write_mode` decides.")
    ddl_channel: str = Field(default="", description="Says nothing now: tables are made by the direct address.")
