"""What a user may say about MySQL and MariaDB."""

from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from osiris.kit.component import Config, Connection
from osiris.kit.named_files import CertificateFile, KeyFile
from osiris.kit.table_write import TableWrite
from osiris.kit.tunnel import SshTunnel
from osiris.kit.url import fields_of

Tls = Literal["disabled", "preferred", "required", "verify_ca", "verify_identity"]
ZeroDates = Literal["fail", "null", "text"]


class MysqlConnection(Connection):
    """A database on a MySQL or MariaDB server."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Name or address of the server.")
    port: int = Field(default=3306, ge=1, le=65_535)
    database: str = Field(
        default="", validation_alias=AliasChoices("database", "db"), description="The database that names start in."
    )
    user: str = Field(default="", validation_alias=AliasChoices("user", "username"))
    password: SecretStr = Field(default=SecretStr(""))
    url: SecretStr | None = Field(
        default=None,
        description="All of it in one: `mysql://user:password@host:3306/database`; other fields win.",
        examples=["mysql://user:password@localhost:3306/database"],  # pragma: allowlist secret
    )
    tls: Tls = Field(
        default="preferred",
        validation_alias=AliasChoices("tls", "ssl_mode", "sslmode"),
        description="`preferred`: encrypted where the server can. `required`: never in clear. `verify_ca` and "
        "`verify_identity`: the server's certificate is checked, too.",
    )
    tls_ca: CertificateFile = Field(
        default="",
        validation_alias=AliasChoices("tls_ca", "ssl_ca"),
        description="File with the certificates of those who may vouch for the server; by default the system's.",
    )
    tls_cert: CertificateFile = Field(default="", validation_alias=AliasChoices("tls_cert", "ssl_cert"))
    tls_key: KeyFile = Field(default="", validation_alias=AliasChoices("tls_key", "ssl_key"))
    ssh_tunnel: SshTunnel | None = Field(
        default=None, description="An SSH server to go through, where the database can't be reached from here."
    )
    connect_timeout: float = Field(default=10, gt=0, description="Seconds until an attempt to connect is given up.")
    read_timeout: float = Field(
        default=3600, gt=0, description="Seconds that the server may say nothing, such as before a query's first row."
    )
    local_infile: bool = Field(
        default=True, description="Write by LOAD DATA LOCAL where the server allows it; otherwise by INSERT, slower."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not values.get("url"):
            return values
        url = values["url"]
        text = url.get_secret_value() if isinstance(url, SecretStr) else str(url)
        said = fields_of(text, ("mysql", "mariadb", "mysql+pymysql"))
        if "username" in values:
            said.pop("user", None)
        if "db" in values:
            said.pop("database", None)
        return said | values

    @field_validator("tls", mode="before")
    @classmethod
    def _dashes(cls, tls: Any) -> Any:
        return tls.lower().replace("-", "_") if isinstance(tls, str) else tls


class _Older(Config):
    """Settings of earlier versions that mean nothing any more."""

    batch_size: int | None = Field(default=None, ge=1, description="Means nothing any more: memory is flat by itself.")
    pool_size: int | None = Field(default=None, ge=1, description="Means nothing any more: a step has one connection.")
    pool_recycle: int | None = Field(default=None, ge=1, description="Means nothing any more.")
    echo: bool | None = Field(default=None, description="Means nothing any more: `-v` shows more.")


class MysqlExtract(_Older):
    """Configuration of `mysql.extractor`."""

    query: str = Field(default="", description="One SELECT in MySQL's SQL; or say `table`. It wins over `table`.")
    table: str = Field(default="", description="A table or view to read, such as `orders` or `shop.orders`.")
    table_schema: str = Field(
        default="",
        alias="schema",
        description="With `table`: the database that it lies in; by default the connection's.",
    )
    columns: list[str] = Field(default=[], description="With `table`: these columns, in this order; all where empty.")
    limit: int | None = Field(default=None, ge=0, description="Most rows to read.")
    offset: int = Field(default=0, ge=0, description="Rows to leave out at the start.")
    zero_dates: ZeroDates = Field(
        default="fail",
        description="What becomes of `0000-00-00` and dates with a month or day of zero: `fail` stops the run, `null` "
        "makes them NULL, `text` reads columns of dates as text.",
    )
    statement_timeout: float | None = Field(
        default=None, gt=0, description="Seconds after which the server gives the query up; by default it doesn't."
    )
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> "MysqlExtract":
        if not self.query.strip() and not self.table.strip():
            raise ValueError("write either `query` or `table`")
        if self.query and self.columns:
            raise ValueError("`columns` goes with `table`; a `query` names its columns itself")
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column is named twice")
        return self


class MysqlWrite(_Older, TableWrite):
    """Configuration of `mysql.writer`."""

    table: str = Field(min_length=1, description="The table to write, such as `customers` or `shop.customers`.")
    table_schema: str = Field(
        default="", alias="schema", description="The database that the table lies in; by default the connection's."
    )
    create_if_missing: bool = Field(
        default=True,
        validation_alias=AliasChoices("create_if_missing", "create_table"),
        description="Make the table where it is missing.",
    )
    truncate_before: bool = Field(default=False, description="What `write_mode: replace` does anyway.")

    @model_validator(mode="after")
    def _is_replaced(self) -> "MysqlWrite":
        if self.truncate_before and self.write_mode != "replace":
            raise ValueError("`truncate_before` goes with `write_mode: replace`")
        return self
