"""A Supabase project on loopback for these tests: a database, and its REST interface."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
from tests.services.postgrest import KEY, PostgRest
from tests.services.shared import Server

from osiris.components.supabase.config import SupabaseConnection
from osiris.kit.component import Extractor, Place, Writer
from osiris.kit.registry import Registry
from osiris.model.receipt import Written
from osiris.testing.writer import MARKS, stream_of


def dsn(at: Server) -> str:
    return f"postgresql://{at.user}:{quote(at.password, safe='')}@{at.host}:{at.port}/{at.database}"


def by_rest(rest: PostgRest, **others: Any) -> dict[str, Any]:
    return {"url": rest.url, "service_role_key": KEY} | others


def connection(fields: dict[str, Any]) -> SupabaseConnection:
    return SupabaseConnection.model_validate(fields)


def extractor(fields: dict[str, Any], **config: Any) -> Any:
    here = Place(project=Path(), scratch=Path())
    found = Registry.installed().build("supabase.extractor", config, here, fields)
    assert isinstance(found, Extractor)
    return found


def read(fields: dict[str, Any], **config: Any) -> pa.Table:
    with extractor(fields, **config).extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)


def writer(fields: dict[str, Any], scratch: Path, table: str = "rows", **config: Any) -> Any:
    here = Place(project=scratch, scratch=scratch)
    found = Registry.installed().build("supabase.writer", {"table": table} | config, here, fields)
    assert isinstance(found, Writer)
    return found


def put(fields: dict[str, Any], scratch: Path, rows: pa.Table, **config: Any) -> Written:
    staged = writer(fields, scratch, **config).write(stream_of(rows), MARKS)
    try:
        written: Written = staged.commit()
    finally:
        staged.close()
    return written
