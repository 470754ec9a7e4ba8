"""A shop on loopback for these tests, and what is read of it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.services.web import Web

from osiris.components.graphql.config import GraphqlConnection, GraphqlExtract
from osiris.components.graphql.extractor import GraphqlExtractor
from osiris.kit.component import Place

HERE = Place(project=Path(), scratch=Path())
ORDERS: dict[str, Any] = {
    "query": "query ($after: String) { orders(first: 2, after: $after) { "
    "nodes { id number customer { name } } pageInfo { hasNextPage endCursor } } }",
    "data_path": "data.orders.nodes",
    "pagination_enabled": True,
    "pagination_path": "data.orders.pageInfo",
}


def extractor(web: Web, connection: dict[str, Any] | None = None, **config: Any) -> GraphqlExtractor:
    fields = {"endpoint": f"{web.url}/graphql", "retry_delay": 0, "max_retries": 2} | (connection or {})
    return GraphqlExtractor(GraphqlExtract.model_validate(config), HERE, GraphqlConnection.model_validate(fields))


def read(web: Web, connection: dict[str, Any] | None = None, **config: Any) -> pa.Table:
    with extractor(web, connection, **config).extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)
