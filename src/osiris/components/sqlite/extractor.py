"""Rows out of an SQLite database file."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.sqlite.complaints import pulling
from osiris.components.sqlite.config import SqliteConnection, SqliteExtract
from osiris.components.sqlite.rows import Source, look_at, pulled
from osiris.components.sqlite.session import Db, database_file, quoted, reading
from osiris.components.sqlite.tables import found
from osiris.kit.arrow import columns_of, schema_of, type_of
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.query import Breaker, QueryStream
from osiris.model.catalogue import Known, Table
from osiris.model.errors import CheckFailed
from osiris.model.spec import Example
from osiris.sql.guard import read_only


@dataclass(frozen=True)
class SqliteExtractor:
    """Read a table, or the rows of one SELECT, from an SQLite file that is opened read-only.

    SQLite keeps a type with each value, so a column's type is found by looking at every value once, when the pipeline
    is compiled: integers, reals, texts or blobs, and where the column declares BOOLEAN, DECIMAL(p, s), DATE, TIME,
    DATETIME, TIMESTAMP or TIMESTAMPTZ and each value can be read so, that. A run that meets a value of another type
    fails; it doesn't guess again. A column that mixes text and numbers is an error that names it.
    """

    about: ClassVar[Describe] = Describe(
        name="sqlite.extractor",
        title="Read from an SQLite file",
        mode="read",
        config=SqliteExtract,
        connection="required",
        sql="sqlite",
        llm_hints=(
            "Write either `query` or `table`, not both.",
            "Expressions in a query have the type of their values: CAST where a column mixes types.",
        ),
        examples=(
            Example(title="A table", config={"connection": "@sqlite.crm", "table": "contacts"}),
            Example(
                title="A query",
                config={
                    "connection": "@sqlite.crm",
                    "query": "SELECT id, lower(email) AS email FROM contacts WHERE active = 1",
                },
            ),
        ),
    )

    config: SqliteExtract
    place: Place
    connection: SqliteConnection

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at every value found, and settle their types."""
        if known.survey is None:
            return Announced(why=known.why or "nobody has looked at the database yet")
        schema = schema_of(known.survey.columns)
        return Announced(schema=schema, fixed={"settled": {field.name: str(field.type) for field in schema}})

    def survey(self) -> Table:
        """Look at every value once and return the columns with their types.

        Raises:
            ConnectError: the file is missing or can't be opened.
            SourceError: there is no such table, or a column mixes types.
            AuthorError: the query is wrong.
        """
        with reading(self.connection, self.place) as db:
            schema = look_at(db, self._source(db))
        return Table(name=self.config.table or "query", columns=columns_of(schema))

    def extract(self) -> QueryStream:
        """Find out the columns; the file is opened again when the first row is wanted.

        Until then nothing holds the file, so that a writer of the same run may have it.

        Returns:
            The columns with the types that are settled; where none are, every value is looked at once.

        Raises:
            ConnectError: the file is missing or can't be opened. Also while the stream is read.
            SourceError: there is no such table, or a column mixes types.
            AuthorError: the query is wrong.
            CheckFailed: the columns are not those of the plan. Also while it is read, at a value of another type.
        """
        with reading(self.connection, self.place) as db:
            source = self._source(db)
            schema = self._settled(source) if self.config.settled else look_at(db, source)
        breaker = Breaker()
        return QueryStream(schema, self._rows(schema, breaker), breaker=breaker)

    def files(self) -> tuple[LocalFile, ...]:
        """Return the database file."""
        return database_file(self.connection, self.place)

    def _rows(self, schema: pa.Schema, breaker: Breaker) -> Generator[pa.RecordBatch]:
        with reading(self.connection, self.place) as db, breaker.at_work(db), pulling(self.connection.path):
            source = self._source(db)
            if source.names != schema.names:
                raise CheckFailed(
                    f"the columns of {source.said} changed while the run was going on",
                    hint="let this step need the step that changes them",
                )
            yield from pulled(db, source, schema)

    def _source(self, db: Db) -> Source:
        config = self.config
        if config.query:
            read_only(config.query, "sqlite")
            return Source.of(db, config.query, "the query", config.limit, config.offset)
        table = found(db, config.table, config.columns)
        query = f"SELECT {', '.join(map(quoted, config.columns)) or '*'} FROM {table}"  # nosec B608 # noqa: S608 - all are quoted
        return Source.of(db, query, repr(config.table), config.limit, config.offset)

    def _settled(self, source: Source) -> pa.Schema:
        settled = self.config.settled
        gone, new = sorted(settled.keys() - set(source.names)), sorted(set(source.names) - settled.keys())
        if gone or new:
            changes = [f"{name!r} is gone" for name in gone] + [f"{name!r} is new" for name in new]
            raise CheckFailed(
                f"the columns of {source.said} changed since the pipeline was compiled: {', '.join(changes)}",
                hint="compile the pipeline again",
            )
        return pa.schema([pa.field(name, type_of(settled[name])) for name in source.names])
