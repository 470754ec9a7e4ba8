"""What a user may say about PostgreSQL."""

from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from osiris.kit.component import Config, Connection
from osiris.kit.named_files import CertificateFile, KeyFile
from osiris.kit.table_write import TableWrite
from osiris.kit.tunnel import SshTunnel
from osiris.kit.url import fields_of

Tls = Literal["disabled", "preferred", "required", "verify_ca", "verify_identity"]
OddDates = Literal["fail", "null", "text"]
Arrays = Literal["list", "text"]

# libpq's words for what a user may say, theirs accepted too.
SSLMODES: dict[Tls, str] = {
    "disabled": "disable",
    "preferred": "prefer",
    "required": "require",
    "verify_ca": "verify-ca",
    "verify_identity": "verify-full",
}
_TLS_WORDS = {mode.replace("-", "_"): tls for tls, mode in SSLMODES.items()} | {"allow": "preferred"}


class PostgresConnection(Connection):
    """A database on a PostgreSQL server."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Name or address of the server.")
    port: int = Field(default=5432, ge=1, le=65_535)
    database: str = Field(
        default="",
        validation_alias=AliasChoices("database", "dbname", "db"),
        description="The database; by default that of the user's name.",
    )
    user: str = Field(default="", validation_alias=AliasChoices("user", "username"))
    password: SecretStr = Field(default=SecretStr(""))
    url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("url", "dsn", "pg_dsn"),
        examples=["postgresql://user:password@host:5432/database"],
        description="All of it in one: `postgresql://user:password@host:5432/database`; other fields win.",
    )
    default_schema: str = Field(
        default="public", alias="schema", min_length=1, description="Schema of tables that are named without one."
    )
    tls: Tls = Field(
        default="preferred",
        validation_alias=AliasChoices("tls", "sslmode", "ssl_mode"),
        description="`preferred`: encrypted where the server can. `required`: never in clear. `verify_ca` and "
        "`verify_identity`: the server's certificate is checked, too.",
    )
    tls_ca: CertificateFile = Field(
        default="",
        validation_alias=AliasChoices("tls_ca", "sslrootcert", "ssl_ca"),
        description="File with the certificates of those who may vouch for the server; by default the system's.",
    )
    tls_cert: CertificateFile = Field(default="", validation_alias=AliasChoices("tls_cert", "sslcert", "ssl_cert"))
    tls_key: KeyFile = Field(default="", validation_alias=AliasChoices("tls_key", "sslkey", "ssl_key"))
    ssh_tunnel: SshTunnel | None = Field(
        default=None, description="An SSH server to go through, where the database can't be reached from here."
    )
    connect_timeout: float = Field(default=10, gt=0, description="Seconds until an attempt to connect is given up.")

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, values: Any) -> Any:
        return with_url(values, ("url", "dsn", "pg_dsn"))

    @field_validator("tls", mode="before")
    @classmethod
    def _libpq_words(cls, tls: Any) -> Any:
        if not isinstance(tls, str):
            return tls
        word = tls.lower().replace("-", "_")
        return _TLS_WORDS.get(word, word)


def with_url(values: Any, names: tuple[str, ...]) -> Any:
    """Return a connection's fields with what its url says beside them; fields win."""
    if not isinstance(values, dict):
        return values
    url = next((values[name] for name in names if values.get(name)), None)
    if url is None:
        return values
    text = url.get_secret_value() if isinstance(url, SecretStr) else str(url)
    said = fields_of(text, ("postgresql", "postgres"))
    for name, value in parse_qsl(urlsplit(text).query):
        if name == "sslmode" and not {"tls", "sslmode", "ssl_mode"} & values.keys():
            said["tls"] = value
    for name, others in (("user", ("username",)), ("database", ("dbname", "db"))):
        if any(other in values for other in others):
            said.pop(name, None)
    return said | values


class PostgresExtract(Config):
    """Configuration of `postgres.extractor`."""

    query: str = Field(default="", description="One SELECT in PostgreSQL's SQL; or say `table`.")
    table: str = Field(default="", description="A table or view to read, such as `orders` or `sales.orders`.")
    table_schema: str = Field(
        default="", alias="schema", description="Schema that the table lies in; by default the connection's."
    )
    columns: list[str] = Field(default=[], description="With `table`: these columns, in this order; all where empty.")
    limit: int | None = Field(default=None, ge=0, description="Most rows to read.")
    offset: int = Field(default=0, ge=0, description="Rows to leave out at the start.")
    odd_dates: OddDates = Field(
        default="fail",
        description="What becomes of `infinity`, of dates before the year 1 or after 9999, and of the time 24:00: "
        "`fail` stops the run, `null` makes them NULL, `text` reads all columns of dates and times as text.",
    )
    arrays: Arrays = Field(
        default="list",
        description="`list`: an array is a list, and one of two dimensions stops the run. `text`: as PostgreSQL "
        "writes it, such as `{1,2}`.",
    )
    statement_timeout: float | None = Field(
        default=None, gt=0, description="Seconds after which the server gives the query up; by default it doesn't."
    )
    batch_size: int | None = Field(default=None, ge=1, description="Says nothing now: memory is flat by itself.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> "PostgresExtract":
        if bool(self.query.strip()) == bool(self.table.strip()):
            raise ValueError("write either `query` or `table`")
        if self.query and (self.columns or self.table_schema):
            raise ValueError("`columns` and `schema` go with `table`; a `query` names them itself")
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column is named twice")
        return self


class PostgresWrite(TableWrite):
    """Configuration of `postgres.writer`."""

    table: str = Field(min_length=1, description="The table to write, such as `customers` or `sales.customers`.")
    table_schema: str = Field(
        default="", alias="schema", description="Schema that the table lies in; by default the connection's."
    )
    create_if_missing: bool = Field(default=True, description="Make the schema and the table where they are missing.")
    lock_timeout: float = Field(
        default=60, gt=0, description="Seconds to wait, at the commit, for others who hold the table."
    )
    batch_size: int | None = Field(default=None, ge=1, description="Says nothing now: memory is flat by itself.")
