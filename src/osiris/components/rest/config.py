"""What a user may say about an API."""

import re
from typing import Literal
from urllib.parse import unquote

from pydantic import Field, field_validator, model_validator

from osiris.kit.component import Config, Connection
from osiris.kit.http_connection import Reached, Signing, Tokens, address
from osiris.kit.json_rows import must_be_types

Format = Literal["auto", "json", "ndjson", "csv"]
Value = str | int | float | bool

FIELD = re.compile(r"\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_PARAM = re.compile(r"(?i)token|secret|password|api[-_]?key|access[-_]?key|signature")
PLACES = ("cursor_path", "next_path", "more_path", "total_path")  # of `Pagination`: where JSON tells of pages


class RestConnection(Signing, Reached, Tokens, Connection):
    """One API, and how it knows us."""

    base_url: str = Field(description="Where all paths begin, such as `https://api.example.com/v1`.")
    auth_param_name: str = Field(
        default="", description="For `api_key`: the parameter that has `auth_token`, instead of a header."
    )
    check_path: str = Field(default="", description="A path that answers where all is well, for `connections doctor`.")
    also_hosts: list[str] = Field(
        default=[], description="Further hosts that links and redirects may lead to; no secret is sent there."
    )
    validate_ssl: bool = Field(default=True, description="Whether the server's certificate is checked.")

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return address(url).rstrip("/")

    @field_validator("token_url")
    @classmethod
    def _is_an_address_too(cls, url: str) -> str:
        return address(url) if url else url


class Pagination(Config):
    """How one page leads to the next."""

    type: Literal["none", "page", "offset", "cursor", "link"] = Field(
        default="none",
        description="`none`: one answer has all. `page`: pages are counted. `offset`: records are. `cursor`: each page "
        "has the key of the next. `link`: each page has the address of the next, in the header `Link` or at "
        "`next_path`.",
    )
    param: str = Field(default="", description="Parameter of the page, offset or cursor; by default `type`'s name.")
    first: int = Field(default=1, ge=0, description="With `page`: the number of the first one.")
    size_param: str = Field(default="", description="Parameter of the page's size, such as `limit` or `per_page`.")
    size: int = Field(default=100, ge=1, description="Records that a page should have, with `size_param`.")
    cursor_path: str = Field(default="", description="With `cursor`: where a page has the next one's key.")
    next_path: str = Field(default="", description="With `link`: where a page has the next one's address.")
    more_path: str = Field(default="", description="Where a page says whether there are more: true or false.")
    total_path: str = Field(default="", description="Where a page says how many records there are; it is held to that.")

    @model_validator(mode="after")
    def _is_complete(self) -> "Pagination":
        if (self.type == "cursor") != bool(self.cursor_path):
            raise ValueError("`cursor_path` goes with `type: cursor`, which needs it")
        if self.next_path and self.type != "link":
            raise ValueError("`next_path` goes with `type: link`")
        if self.param and self.type in {"none", "link"}:
            raise ValueError("`param` goes with `type: page`, `offset` or `cursor`")
        return self


class _Requested(Config):
    """What one kind of request needs."""

    path: str = Field(description="After the connection's `base_url`, such as `orders`.")
    params: dict[str, Value | list[Value]] = Field(default={}, description="Parameters; a list is sent one by one.")
    record_path: str = Field(
        default="$", description="Where an answer in JSON has its records, as JSONPath, such as `data.items`."
    )
    pagination: Pagination = Field(
        default=Pagination(), description="How to get from page to page, such as {type: page, size_param: limit}."
    )

    @field_validator("path")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        if "://" in path or path.startswith("//") or re.search(r"[?#\s\\\x00-\x1f]", path):
            raise ValueError(f"{path!r} is no path below `base_url`; parameters go into `params`")
        if ".." in unquote(path).split("/"):
            raise ValueError(f"{path!r} leads out of `base_url`")
        return path

    @field_validator("params")
    @classmethod
    def _hold_no_secret(cls, params: dict[str, Value | list[Value]]) -> dict[str, Value | list[Value]]:
        for name in params:
            if _SECRET_PARAM.search(name) and not re.search(r"(?i)page|next", name):
                raise ValueError(
                    f"{name!r} looks like a secret: write `auth_type: api_key`, `auth_param_name: {name}` and "
                    "`auth_token` in the connection"
                )
        return params


class Parent(_Requested):
    """Requests whose records each lead to one more."""

    fields: dict[str, str] = Field(
        min_length=1,
        description="Name to place in the parent's record: `{name}` in `path` and `params` is filled with it, and each "
        "record has it as a column.",
    )
    most: int = Field(default=1_000, ge=1, le=1_000_000, description="Most parents; more stop the run.")


class RestExtract(_Requested):
    """Configuration of `rest.extractor`."""

    parent: Parent | None = Field(default=None, description="One request for each record of another one.")
    headers: dict[str, str] = Field(default={}, description="Sent beside those of the connection; no secrets.")
    format: Format = Field(default="auto", description="What the answer is; `auto` goes by its Content-Type.")
    encoding: str = Field(default="", description="Of CSV; by default what the answer says, or UTF-8.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="Of CSV.")
    columns: dict[str, str] = Field(
        default={},
        description="Column to type: these columns, in this order. Without them types are found by looking at the "
        "first pages when the pipeline is planned.",
    )
    flatten_result: bool = Field(
        default=True, description="Nested objects become columns such as `owner.name`; otherwise they are structs."
    )
    key: list[str] = Field(default=[], description="Keys that tell records apart: one that comes twice stops the run.")
    limit: int | None = Field(default=None, ge=0, description="Most records to read.")
    max_pages: int = Field(default=0, ge=0, description="Where there are more pages the run stops; 0: any number.")
    max_page_mib: float = Field(default=64, gt=0, le=1_024, description="Most that one page in JSON may have.")
    total_timeout: float = Field(default=3_600, gt=0, description="Seconds for all requests of this step.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @field_validator("headers")
    @classmethod
    def _hold_no_secret_either(cls, headers: dict[str, str]) -> dict[str, str]:
        return Reached(headers=headers).headers

    @field_validator("columns", "settled")
    @classmethod
    def _are_types(cls, columns: dict[str, str]) -> dict[str, str]:
        must_be_types(columns)
        return columns

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, name: str) -> str:
        try:
            "".encode(name or "utf-8")
        except LookupError:
            raise ValueError(f"there is no encoding {name!r}") from None
        return name

    @model_validator(mode="after")
    def _fields_are_known(self) -> "RestExtract":
        texts = [self.path, *(value for value in self.params.values() if isinstance(value, str))]
        used = {found["name"] for text in texts for found in FIELD.finditer(text)}
        known = set(self.parent.fields) if self.parent else set()
        if unknown := sorted(used - known):
            raise ValueError(f"{{{unknown[0]}}} is no field of `parent`")
        if self.parent and not used:
            raise ValueError("`path` or `params` has to use a field of `parent`, such as {id}")
        return self
