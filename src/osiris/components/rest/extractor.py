"""Rows out of an API that answers GET requests."""

from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.rest.access import opened
from osiris.components.rest.answers import EXTRA
from osiris.components.rest.config import PLACES, RestConnection, RestExtract
from osiris.components.rest.pages import Requests, first_of
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.held import HeldStream
from osiris.kit.http import Api
from osiris.kit.json_path import JsonPath
from osiris.kit.json_rows import Rows, declared_schema, looked_at
from osiris.kit.settled import announced
from osiris.model.catalogue import Known, Table
from osiris.model.errors import ExtraMissing
from osiris.model.spec import Example

LOOKED_AT = 10_000  # records that tell the columns
PAGES_LOOKED_AT = 3


@dataclass(frozen=True)
class RestExtractor:
    """Read what an API answers to GET requests: JSON, lines of JSON or CSV, page after page.

    Types come from `columns`; without it they are found by looking at the first pages, when the pipeline is planned.
    A number is never a float on its way, so that all its digits arrive. A page that is cut short, comes twice or is
    refused stops the run: there are all records, or an error.
    """

    about: ClassVar[Describe] = Describe(
        name="rest.extractor",
        title="Read from a REST API",
        mode="read",
        config=RestExtract,
        connection="required",
        llm_hints=(
            "`path` follows the connection's `base_url`; parameters go into `params`, secrets into the connection.",
            "With `columns` the pipeline compiles offline: {id: int64, 'owner.name': string, price: 'decimal(12, 2)'}.",
            "`record_path` is where the list of records is: data.items; `$` where the answer is the list.",
            "Give `pagination` wherever the API has pages: without it only the first answer is read.",
            'Columns with a point need quotes in SQL: "owner.name".',
        ),
        examples=(
            Example(
                title="Pages by number",
                config={
                    "connection": "@rest.shop",
                    "path": "orders",
                    "params": {"status": "paid"},
                    "record_path": "data",
                    "pagination": {"type": "page", "size_param": "per_page", "size": 200},
                    "columns": {"id": "int64", "customer.id": "int64", "total": "decimal(12, 2)"},
                },
            ),
            Example(
                title="A request for each record of another",
                config={
                    "connection": "@rest.shop",
                    "path": "orders/{order_id}/items",
                    "parent": {"path": "orders", "record_path": "data", "fields": {"order_id": "id"}},
                    "columns": {"order_id": "int64", "sku": "string", "pieces": "int64"},
                },
            ),
        ),
    )

    config: RestExtract
    place: Place
    connection: RestConnection | None = None

    def announce(self, known: Known) -> Announced:
        """Return the declared columns, or those that a look at the first pages found."""
        with suppress(ExtraMissing):  # whoever only compiles need not have them
            self._must_have_paths()
        if self.config.columns:
            return Announced(schema=declared_schema(self.config.columns))
        return announced(known, derivable=False)

    def survey(self) -> Table:
        """Return the declared columns, or look at the first pages.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API fails, or gives no record.
            AuthorError: a path is none.
        """
        if self.config.columns:
            return Table(name=self.config.path, columns=columns_of(declared_schema(self.config.columns)))
        with closing(self._opened()) as api:
            return Table(name=self.config.path, columns=columns_of(self._looked(api)))

    def extract(self) -> HeldStream:
        """Open the API; where columns are neither declared nor settled, look at the first pages.

        Returns:
            The declared columns, or one for each key of the records.

        Raises:
            ConnectError: there is no connection, or no right to it. Also while the stream is read.
            SourceError: the API fails. Also while it is read, when a value does not fit its declared type.
            CheckFailed: a record is not what it was when the pipeline was compiled; only while the stream is read.
        """
        config = self.config
        with ExitStack() as opening:
            api = self._opened()
            opening.callback(api.close)
            known = config.columns or config.settled
            schema = declared_schema(known) if known else self._looked(api)
            rows = Rows(config.path, config.columns, schema, flat=config.flatten_result)
            batches = rows.batches(self._requests(api).records())
            return HeldStream(schema, batches, break_off=api.break_off, held=opening.pop_all())

    def _looked(self, api: Api) -> pa.Schema:
        pages = first_of(self._requests(api).records(), LOOKED_AT, PAGES_LOOKED_AT)
        return looked_at(pages, self.config.path, flat=self.config.flatten_result)

    def _opened(self) -> Api:
        assert self.connection is not None  # noqa: S101 - it is required
        self._must_have_paths()
        return opened(self.connection, self.config)

    def _requests(self, api: Api) -> Requests:
        return Requests(api, api.root, self.config)

    def _must_have_paths(self) -> None:
        for wanted in filter(None, (self.config, self.config.parent)):
            for name in PLACES:
                if text := getattr(wanted.pagination, name):
                    JsonPath(text, f"pagination.{name}", EXTRA).must_be_one()
            JsonPath(wanted.record_path, "record_path", EXTRA).must_be_one()
