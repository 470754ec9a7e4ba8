"""GraphQL keeps the promises of every connector."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from tests.services.graphql import serving

from osiris.kit.component import Place
from osiris.testing.extractor import ExtractorContract

CITIES = """
    query ($rows: Int!, $after: String) {
      cities(rows: $rows, first: 20000, after: $after) {
        nodes { id city price }
        pageInfo { hasNextPage endCursor }
      }
    }
"""


class TestGraphqlExtractor(ExtractorContract):
    component: ClassVar[str] = "graphql.extractor"

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with serving() as self.web:
            yield

    def connection(self, place: Place) -> dict[str, Any]:
        return {"endpoint": f"{self.web.url}/graphql", "max_retries": 0}

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        return {
            "query": CITIES,
            "variables": {"rows": rows},
            "data_path": "data.cities.nodes",
            "pagination_enabled": True,
            "pagination_path": "data.cities.pageInfo",
        }

    def missing(self, place: Place) -> dict[str, Any]:
        return self.prepare(place, 1) | {"endpoint": f"{self.web.url}/nowhere", "columns": {"id": "int64"}}
