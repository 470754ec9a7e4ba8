"""APIs on loopback for these tests, and what is read of them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.services.web import Web

from osiris.components.rest.config import RestConnection, RestExtract
from osiris.components.rest.extractor import RestExtractor
from osiris.kit.component import Place

HERE = Place(project=Path(), scratch=Path())


def extractor(web: Web, connection: dict[str, Any] | None = None, **config: Any) -> RestExtractor:
    fields = {"base_url": web.url, "retry_delay": 0, "max_retries": 2} | (connection or {})
    return RestExtractor(
        RestExtract.model_validate({"path": "orders"} | config), HERE, RestConnection.model_validate(fields)
    )


def read(web: Web, connection: dict[str, Any] | None = None, **config: Any) -> pa.Table:
    with extractor(web, connection, **config).extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)
