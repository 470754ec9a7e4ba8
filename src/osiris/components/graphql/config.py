"""What a user may say about a GraphQL API."""

from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from osiris.kit.component import Connection
from osiris.kit.http_connection import Reached, Signing, Tokens, address
from osiris.kit.json_rows import must_be_types


class GraphqlConnection(Signing, Reached, Tokens, Connection):
    """One GraphQL API, and how it knows us."""

    endpoint: str = Field(
        validation_alias=AliasChoices("endpoint", "url"),
        description="Where it takes queries, such as `https://api.github.com/graphql`.",
    )
    validate_ssl: bool = Field(default=True, description="Whether the server's certificate is checked.")

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return address(url)

    @field_validator("token_url")
    @classmethod
    def _is_an_address_too(cls, url: str) -> str:
        return address(url) if url else url


class GraphqlExtract(Signing, Reached):
    """Configuration of `graphql.extractor`."""

    query: str = Field(min_length=1, description="One GraphQL query; mutations and subscriptions are refused.")
    variables: dict[str, Any] = Field(default={}, description="Values of the query's variables.")
    endpoint: str = Field(
        default="", description="Where it takes queries, where the step has no connection; secrets need one."
    )
    validate_ssl: bool | None = Field(default=None, description="As in the connection, where there is none.")
    data_path: str = Field(
        default="data",
        description="Where an answer has its records, as JSONPath, such as `data.orders.edges[*].node`.",
    )
    flatten_result: bool = Field(
        default=True, description="Nested objects become columns such as `owner.name`; otherwise they are structs."
    )
    columns: dict[str, str] = Field(
        default={},
        description="Column to type: these columns, in this order. Without them the API's own schema tells the types.",
    )
    pagination_enabled: bool = Field(default=False, description="Ask for page after page.")
    pagination_path: str = Field(default="data.pageInfo", description="Where the answer tells of the next page.")
    pagination_cursor_field: str = Field(default="endCursor", min_length=1, description="There: the next page's key.")
    pagination_has_next_field: str = Field(
        default="hasNextPage", min_length=1, description="There: whether there is a next page."
    )
    pagination_variable_name: str = Field(
        default="after", min_length=1, description="The query's variable that takes the key."
    )
    max_pages: int = Field(default=0, ge=0, description="Where there are more pages the run stops; 0: any number.")
    limit: int | None = Field(default=None, ge=0, description="Most records to read.")
    partial_data: Literal["refuse", "accept"] = Field(
        default="refuse", description="What becomes of an answer that has errors beside its data."
    )
    max_page_mib: float = Field(default=64, gt=0, le=1_024, description="Most that one answer may have.")
    total_timeout: float = Field(default=3_600, gt=0, description="Seconds for all requests of this step.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return address(url) if url else url

    @field_validator("columns", "settled")
    @classmethod
    def _are_types(cls, columns: dict[str, str]) -> dict[str, str]:
        must_be_types(columns)
        return columns

    @model_validator(mode="after")
    def _has_no_tokens(self) -> "GraphqlExtract":
        if self.auth_type == "oauth2":
            raise ValueError("`oauth2` is a connection's: it needs `token_url`, `client_id` and `client_secret`")
        return self
