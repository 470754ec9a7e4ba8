"""SQL over rows on their way."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import duckdb
import pyarrow as pa

from osiris.components.duckdb.complaints import telling
from osiris.components.duckdb.config import DuckdbProcess
from osiris.components.duckdb.inputs import Inputs, Scans, scanned
from osiris.components.duckdb.rows import planned, pulled
from osiris.components.duckdb.session import Db, alone, planning
from osiris.components.duckdb.types import outward, schema_of_rows
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.query import Breaker, QueryStream
from osiris.kit.stream import Stream
from osiris.model.spec import Example
from osiris.sql.guard import read_only


@dataclass(frozen=True)
class DuckdbProcessor:
    """Run one SELECT over the rows of earlier steps, each of which is a table.

    DuckDB can touch nothing but its inputs: no file, no network, no extension, no setting. Rows stay in order where
    the query does not sort them. Types as in `duckdb.extractor`: `sum` of integers is decimal(38, 0).
    """

    about: ClassVar[Describe] = Describe(
        name="duckdb.processor",
        title="Transform with SQL",
        mode="transform",
        config=DuckdbProcess,
        sql="duckdb",
        llm_hints=(
            "An input is a table by its name under `inputs`, its step id with - turned into _, and df_ before that.",
            "With exactly one input, `input_df` and `df` name it too.",
            "Give each column its own name: SELECT * over a join of tables with equal names is refused.",
            "Cast money to DECIMAL before sums, such as sum(amount::DECIMAL(18, 2)).",
            "PIVOT needs its values: PIVOT t ON city IN ('Brno', 'Praha') USING sum(x).",
        ),
        examples=(
            Example(
                title="Top customers",
                config={
                    "query": "SELECT customer_id, sum(amount) AS revenue FROM extract_orders "
                    "GROUP BY ALL ORDER BY revenue DESC LIMIT 10"
                },
            ),
        ),
    )

    config: DuckdbProcess
    place: Place

    def announce(self, inputs: Mapping[str, pa.Schema]) -> Announced:
        """Bind the query on empty tables.

        Raises:
            AuthorError: the query is wrong, names what is not there, or has a column that can't travel.
        """
        with planning() as db:
            Inputs.of_schemas(inputs).show(db, self.config.query)
            rows, _ = self._planned(db)
            return Announced(schema=schema_of_rows(rows))

    def process(self, inputs: Mapping[str, Stream]) -> QueryStream:
        """Return the rows of the query, unread.

        Raises:
            AuthorError: the query is wrong, names what is not there, or has a column that can't travel.
            OsirisError: while the stream is read, whatever an input raises, or what DuckDB complains of.
        """
        tables, streams = Inputs.of_streams(inputs)
        with planning() as db:
            tables.create(db, self.config.query)
            rows, text = self._planned(db)
            schema, scans = schema_of_rows(rows), scanned(text)
        breaker = Breaker()
        return QueryStream(schema, self._rows(tables, streams, scans, schema, breaker), breaker=breaker)

    def _rows(
        self, tables: Inputs, streams: list[Stream], scans: Scans, schema: pa.Schema, breaker: Breaker
    ) -> Generator[pa.RecordBatch]:
        config = self.config
        with alone(self.place.scratch, config.memory_limit) as db, breaker.at_work(db), telling(tables.culprit):
            tables.fill(db, config.query, streams, scans)
            yield from pulled(outward(db.sql(config.query)), schema)

    def _planned(self, db: Db) -> tuple[duckdb.DuckDBPyRelation, str]:
        read_only(self.config.query, "duckdb")
        return planned(db, self.config.query)
