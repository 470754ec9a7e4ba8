"""Rows out of a GraphQL API."""

from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from osiris.components.graphql.access import EXTRA, opened
from osiris.components.graphql.asking import Asking
from osiris.components.graphql.config import GraphqlConnection, GraphqlExtract
from osiris.components.graphql.guard import Query, must_fit, understood
from osiris.components.graphql.introspection import READS, schema_of, selected
from osiris.components.graphql.pages import Pages
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.held import HeldStream
from osiris.kit.http import Api
from osiris.kit.json_path import JsonPath
from osiris.kit.json_rows import Rows, declared_schema
from osiris.kit.settled import announced
from osiris.model.catalogue import Known, Table
from osiris.model.errors import ExtraMissing
from osiris.model.spec import Example

SAID = "the query"


@dataclass(frozen=True)
class GraphqlExtractor:
    """Read the answer to one GraphQL query, page after page.

    Types come from `columns`, or from the API's own schema, which is asked when the pipeline is planned; there the
    query is held against it, too. An answer with errors, a part of the data, or pages that nobody asks for stop the
    run: there are all records, or an error.
    """

    about: ClassVar[Describe] = Describe(
        name="graphql.extractor",
        title="Read from a GraphQL API",
        mode="read",
        config=GraphqlExtract,
        connection="optional",
        llm_hints=(
            "Look at the API first: describe `query.NAME` for what can be asked, and the type for its fields.",
            "`data_path` is where the list of records is: data.films.nodes or data.films.edges[*].node.",
            "Pages: select pageInfo { hasNextPage endCursor }, give the query $after, and set `pagination_enabled`.",
            "`pagination_path` is where pageInfo is, such as data.films.pageInfo.",
            'Columns with a point need quotes in SQL: "customer.name".',
            "Dates and decimals arrive as text: declare all `columns`, such as {id: string, total: 'decimal(12, 2)'}.",
        ),
        examples=(
            Example(
                title="One answer",
                config={
                    "connection": "@graphql.shop",
                    "query": "query { customers { id name } }",
                    "data_path": "data.customers",
                },
            ),
            Example(
                title="Page after page",
                config={
                    "connection": "@graphql.shop",
                    "query": "query ($after: String) { orders(first: 100, after: $after) { "
                    "nodes { id total } pageInfo { hasNextPage endCursor } } }",
                    "data_path": "data.orders.nodes",
                    "pagination_enabled": True,
                    "pagination_path": "data.orders.pageInfo",
                },
            ),
        ),
        types=READS,
    )

    config: GraphqlExtract
    place: Place
    connection: GraphqlConnection | None = None

    def announce(self, known: Known) -> Announced:
        """Return the declared columns, or those that the API's schema gives the query."""
        safe = self._is_safe()
        if self.config.columns:
            return Announced(schema=declared_schema(self.config.columns), safe=safe)
        return replace(announced(known, derivable=False), safe=safe)

    def survey(self) -> Table:
        """Return the declared columns, or ask the API for its schema, without reading a record.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API fails, or doesn't tell its schema.
            AuthorError: the query does not fit the schema, or changes something.
        """
        query = self._understood()
        if self.config.columns:
            return Table(name=SAID, columns=columns_of(declared_schema(self.config.columns)))
        with closing(opened(self.connection, self.config)) as api:
            return Table(name=SAID, columns=columns_of(self._looked(api, query)))

    def extract(self) -> HeldStream:
        """Open the API; where columns are neither declared nor settled, ask for its schema.

        Returns:
            The declared columns, or one for each field that the query selects.

        Raises:
            ConnectError: there is no connection, or no right to it. Also while the stream is read.
            SourceError: the API fails. Also while it is read, when a value does not fit its declared type.
            AuthorError: the query does not fit the schema, or changes something.
            CheckFailed: a record is not what the schema says; only while the stream is read.
        """
        config, query = self.config, self._understood()
        with ExitStack() as opening:
            api = opened(self.connection, config)
            opening.callback(api.close)
            known = config.columns or config.settled
            schema = declared_schema(known) if known else self._looked(api, query)
            rows = Rows(SAID, config.columns, schema, flat=config.flatten_result)
            pages = Pages(Asking(api, config.partial_data), config)
            return HeldStream(schema, rows.batches(pages.records()), break_off=api.break_off, held=opening.pop_all())

    def _looked(self, api: Api, query: Query) -> pa.Schema:
        schema = schema_of(Asking(api))
        must_fit(query, schema, dict(self.config.variables))
        path = JsonPath(self.config.data_path, "data_path", EXTRA)
        return selected(query, schema, path, flat=self.config.flatten_result)

    def _is_safe(self) -> bool:
        """Return whether the query was seen to change nothing; whoever only compiles need not have the packages."""
        with suppress(ExtraMissing):
            self._understood()
            return True
        return False

    def _understood(self) -> Query:
        """Return the query, if it reads and its paths are some."""
        query = understood(self.config.query)
        JsonPath(self.config.data_path, "data_path", EXTRA).must_be_one()
        if self.config.pagination_enabled:
            JsonPath(self.config.pagination_path, "pagination_path", EXTRA).must_be_one()
            query.must_take(self.config.pagination_variable_name)
        return query
