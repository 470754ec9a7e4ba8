"""REST APIs keep the promises of every connector."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

import pytest
from tests.services.web import Asked, Reply, Web

from osiris.kit.component import Place
from osiris.testing.extractor import ExtractorContract

PAGE = 20_000


@lru_cache(maxsize=32)
def cities(start: int, end: int) -> bytes:
    return json.dumps([{"id": n, "city": "Brno", "price": n * 0.5} for n in range(start, end)]).encode()


def answer(asked: Asked) -> Reply:
    if asked.path != "/cities":
        return Reply(b'{"error": "not found"}', 404)
    start, rows = int(asked.params["offset"]), int(asked.params["rows"])
    return Reply(cities(start, min(start + PAGE, rows)), headers={"Content-Type": "application/json"})


class TestRestExtractor(ExtractorContract):
    component: ClassVar[str] = "rest.extractor"

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with Web(answer) as self.web:
            yield

    def connection(self, place: Place) -> dict[str, Any]:
        return {"base_url": self.web.url, "max_retries": 0}

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        return {
            "path": "cities",
            "params": {"rows": rows},
            "pagination": {"type": "offset"},
            "columns": {"id": "int64", "city": "string", "price": "decimal(12, 1)"},
        }

    def missing(self, place: Place) -> dict[str, Any]:
        return {"path": "nowhere", "columns": {"id": "int64"}}
