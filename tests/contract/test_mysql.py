"""MySQL and MariaDB keep the promises of every connector."""

from collections.abc import Iterator
from datetime import time
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from tests.services import mysql
from tests.services.shared import Server, free_port

from osiris.kit.component import Extractor, Place
from osiris.kit.registry import Registry
from osiris.testing.extractor import ExtractorContract
from osiris.testing.family import FamilyContract
from osiris.testing.writer import WriterContract

_DIGITS = "(SELECT 0 AS n UNION ALL SELECT 1" + "".join(f" UNION ALL SELECT {n}" for n in range(2, 10)) + ")"


def numbers(rows: int) -> str:
    """Return a query of the numbers from 0, as a column `n`."""
    places = [(f"d{place}", 10**place) for place in range(len(str(max(1, rows - 1))))]
    total = " + ".join(f"{name}.n * {weight}" for name, weight in places)
    return f"SELECT {total} AS n FROM {', '.join(f'{_DIGITS} {name}' for name, _ in places)} WHERE {total} < {rows}"


def fields(at: Server) -> dict[str, Any]:
    """Return a connection's fields, as `osiris_connections.yaml` would have them."""
    return {"host": at.host, "port": at.port, "user": at.user, "password": at.password, "database": at.database}


class OnServer:
    at: Server

    @pytest.fixture(autouse=True)
    def _lent(self) -> Iterator[None]:
        with mysql.database() as self.at:
            yield

    def connection(self, place: Place) -> dict[str, Any]:
        return fields(self.at)


class TestMysqlExtractor(OnServer, ExtractorContract):
    component: ClassVar[str] = "mysql.extractor"

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        mysql.ask(
            self.at,
            "CREATE TABLE cities (id BIGINT, city TEXT, price DECIMAL(10, 2), size FLOAT)",
            f"INSERT INTO cities SELECT n, CONCAT('Brno ', n MOD 97), n / 4, n / 8 FROM ({numbers(rows)}) AS n",
        )
        return {"table": "cities"}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"table": "nowhere"}


class TestMysqlExtractorWithQuery(TestMysqlExtractor):
    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        super().prepare(place, rows)
        return {"query": "SELECT id, upper(city) AS city, size FROM cities ORDER BY id DESC;"}


class TestMysqlWriter(OnServer, WriterContract):
    component: ClassVar[str] = "mysql.writer"

    def config(self, place: Place) -> dict[str, Any]:
        return {"table": "rows"}

    def holds(self, kind: pa.DataType) -> bool:
        return not (pa.types.is_timestamp(kind) and kind.tz is not None)  # TIMESTAMP reaches from 1970 to 2038

    def exact(self) -> pa.Table:
        table = super().exact()
        at = table.column_names.index("with space")
        values = [None if value is None else value + 0.0 for value in table.column(at).to_pylist()]
        return table.set_column(at, "with space", pa.array(values))  # MySQL's zero has no sign

    def outside(self, place: Place) -> Any:
        tables = [str(name) for (name,) in mysql.ask(self.at, "SHOW TABLES")]
        return {name: mysql.ask(self.at, f"SELECT * FROM `{name}`") for name in tables}

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        if not mysql.ask(self.at, "SHOW TABLES LIKE 'rows'"):
            return None
        extractor = Registry.installed().build("mysql.extractor", {"table": "rows"}, place, fields(self.at))
        assert isinstance(extractor, Extractor)
        with extractor.extract() as stream:
            found = pa.Table.from_batches(stream, stream.schema)
        wanted = {field.name: field.type for field in schema}
        for at, field in enumerate(found.schema):  # TINYINT(1) is read as a number, TIME as text
            values = found.column(at)
            if wanted[field.name] == pa.time64("us"):
                texts = values.to_pylist()
                times = [None if text is None else time.fromisoformat(text) for text in texts]
                found = found.set_column(at, field.name, pa.chunked_array([times], pa.time64("us")))
            if wanted[field.name] == pa.bool_():
                found = found.set_column(at, field.name, values.cast(pa.bool_()))
        return found


class TestMysqlFamily(OnServer, FamilyContract):
    family: ClassVar[str] = "mysql"

    def prepare(self, place: Place, statements: tuple[str, ...]) -> dict[str, Any]:
        mysql.ask(self.at, *statements)
        return fields(self.at)

    def missing(self, place: Place) -> dict[str, Any]:
        return fields(self.at) | {"port": free_port()}
