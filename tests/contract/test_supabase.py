"""Supabase keeps the promises of every connector: all of them by its direct address, those of reading by REST, too."""

from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from tests.contract import test_postgres as postgres
from tests.services.postgres import ask
from tests.services.postgrest import KEY, PostgRest, postgrest
from tests.services.shared import Server

from osiris.kit.component import Place

lent = postgres.lent


def dsn(at: Server) -> str:
    return f"postgresql://{at.user}:{quote(at.password, safe='')}@{at.host}:{at.port}/{at.database}"


class TestDirectExtractor(postgres.TestPostgresExtractor):
    component: ClassVar[str] = "supabase.extractor"

    def connection(self, place: Place) -> dict[str, Any]:
        return {"url": "https://abc.supabase.co", "key": KEY, "pg_dsn": dsn(self.at)}


class TestDirectWriter(postgres.TestPostgresWriter):
    component: ClassVar[str] = "supabase.writer"

    def connection(self, place: Place) -> dict[str, Any]:
        return {"pg_dsn": dsn(self.at)}


class TestRestExtractor(postgres.TestPostgresExtractor):
    component: ClassVar[str] = "supabase.extractor"
    rest: PostgRest

    @pytest.fixture(autouse=True)
    def _own_rest(self, _own_schema: None) -> Iterator[None]:
        with postgrest(self.at, most_rows=10_000) as self.rest:
            yield

    def connection(self, place: Place) -> dict[str, Any]:
        return {"url": self.rest.url, "key": KEY}

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        super().prepare(place, rows)
        ask(self.at, "ANALYZE cities")
        return {"table": "cities", "batch_size": 10_000, "select": "id,city,price,seen"}
