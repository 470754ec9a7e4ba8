"""PostgREST's documented subset that Supabase's clients use, over a real PostgreSQL, on loopback.

Reading with `select` (names, casts, aliases), filters, `order`, `limit` and `offset`; inserting with `columns`,
`on_conflict` and the resolutions of duplicates; the description of a schema; errors in PostgREST's form. A test may
order mishaps: what becomes of the requests that come next.

Source: docs.postgrest.org, "Tables and Views", "Preferences", "OpenAPI", "Errors" (version 12).
"""

import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from tests.services.postgres import connect
from tests.services.shared import Server

KEY = "loopback-key-of-a-test"  # pragma: allowlist secret
ROOT = "/rest/v1"
_NOT_FILTERS = frozenset({"select", "order", "limit", "offset", "columns", "on_conflict"})
_OPERATORS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE", "ilike": "ILIKE"}
_STATUS = {"23505": 409, "23503": 409, "42501": 403, "42P01": 404, "57014": 500, "25006": 405}


@dataclass(frozen=True)
class Mishap:
    """What becomes of a request.

    Attributes:
        status: That is answered instead; 0 for no answer at all.
        after: Whether the request was carried out all the same.
        headers: Of the answer.
        wait: Whether nothing at all happens until the server is closed.
    """

    status: int = 0
    after: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    wait: bool = False


@dataclass
class PostgRest:
    """A server on loopback.

    Attributes:
        at: The database behind it.
        schemas: Those that may be asked for, the usual one first.
        most_rows: That one answer has.
        mishaps: What becomes of the next requests, one each; first those of this method.
        asked: Method and path of every request.
    """

    at: Server
    schemas: tuple[str, ...] = ("public",)
    most_rows: int = 1_000
    role: str = ""
    mishaps: dict[str, list[Mishap]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def mishap(self, method: str) -> Mishap | None:
        """Return what becomes of this request, or None where nothing is ordered."""
        with self.lock:
            ordered = self.mishaps.get(method)
            return ordered.pop(0) if ordered else None


@contextmanager
def postgrest(at: Server, **settings: Any) -> Iterator[PostgRest]:
    """Lend a server over a database."""
    rest = PostgRest(at, **settings)
    handler = type("Handler", (_Handler,), {"rest": rest})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        rest.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield rest
        finally:
            rest.over.set()
            server.shutdown()
            thread.join()


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "details": None, "hint": hint}


class _Handler(BaseHTTPRequestHandler):
    rest: ClassVar[PostgRest]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle("GET")

    def do_HEAD(self) -> None:
        self._handle("HEAD")

    def do_POST(self) -> None:
        self._handle("POST")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        return

    def _handle(self, method: str) -> None:
        self.rest.asked.append(f"{method} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mishap = self.rest.mishap(method)
        if mishap and not mishap.after:
            self._mishap(mishap)
            return
        try:
            status, found, headers = self._answer(method, body)
        except _Refused as exc:
            status, found, headers = exc.status, json.dumps(exc.body), {}
        except psycopg.Error as exc:
            status, found, headers = _of_postgres(exc)
        if mishap:
            self._mishap(mishap)
            return
        self._say(status, found, headers)

    def _mishap(self, mishap: Mishap) -> None:
        if mishap.wait:
            self.rest.over.wait()
        if mishap.wait or not mishap.status:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self._say(mishap.status, "<html>busy</html>", dict(mishap.headers))

    def _say(self, status: int, text: str, headers: dict[str, str]) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _answer(self, method: str, body: bytes) -> tuple[int, str, dict[str, str]]:
        if self.headers.get("apikey") != KEY or self.headers.get("Authorization") != f"Bearer {KEY}":
            raise _Refused(401, "PGRST301", "Invalid API key")
        parts = urlsplit(self.path)
        schema = self.headers.get("Accept-Profile" if method in {"GET", "HEAD"} else "Content-Profile")
        schema = schema or self.rest.schemas[0]
        if schema not in self.rest.schemas:
            raise _Refused(406, "PGRST106", f"Invalid schema: {schema}")
        table = unquote(parts.path.removeprefix(ROOT).strip("/"))
        with connect(self.rest.at) as db, db.transaction():
            if self.rest.role:
                db.execute(f'SET LOCAL ROLE "{self.rest.role}"'.encode())
            if not table:
                return 200, json.dumps(_described(db, schema)), {}
            _must_be_there(db, schema, table)
            params = parse_qsl(parts.query, keep_blank_values=True)
            if method in {"GET", "HEAD"}:
                return self._read(db, schema, table, params)
            return self._insert(db, schema, table, dict(params), body)

    def _read(
        self, db: "psycopg.Connection[Any]", schema: str, table: str, params: list[tuple[str, str]]
    ) -> tuple[int, str, dict[str, str]]:
        given = dict(params)
        chosen = ", ".join(_chosen(item) for item in _split(given.get("select") or "*"))
        name = f"{_quoted(schema)}.{_quoted(table)}"
        tests = [_test(column, value) for column, value in params if column not in _NOT_FILTERS]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        order = ", ".join(_ordered(name, item) for item in _split(given["order"])) if given.get("order") else ""
        limit = min(int(given.get("limit", self.rest.most_rows)), self.rest.most_rows)
        rows = (
            f"SELECT {chosen} FROM {name}{where}{f' ORDER BY {order}' if order else ''} "
            f"LIMIT {limit} OFFSET {int(given.get('offset', 0))}"
        )
        headers = {"Content-Range": "0-0/*"}
        if "count=exact" in self.headers.get("Prefer", ""):
            ((count,),) = _ask(db, f"SELECT count(*) FROM {name}{where}")
            headers["Content-Range"] = f"0-0/{count}"
        ((found,),) = _ask(db, f"SELECT coalesce(json_agg(_answer), '[]')::text FROM ({rows}) _answer")
        return 200, found, headers

    def _insert(
        self, db: "psycopg.Connection[Any]", schema: str, table: str, given: dict[str, str], body: bytes
    ) -> tuple[int, str, dict[str, str]]:
        name = f"{_quoted(schema)}.{_quoted(table)}"
        names = ", ".join(_quoted(_plain(item)) for item in _split(given["columns"]))
        prefer = self.headers.get("Prefer", "")
        statement = f"INSERT INTO {name} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{name}, %s::json)"
        if "resolution=" in prefer:
            keys = [_plain(item) for item in _split(given.get("on_conflict") or ",".join(_key(db, schema, table)))]
            statement += f" ON CONFLICT ({', '.join(map(_quoted, keys))}) "
            news = [_quoted(n) for item in _split(given["columns"]) if (n := _plain(item)) not in keys]
            ignore = "resolution=ignore-duplicates" in prefer or not news
            statement += "DO NOTHING" if ignore else f"DO UPDATE SET {', '.join(f'{n} = EXCLUDED.{n}' for n in news)}"
        if "return=representation" not in prefer:
            _ask(db, statement, body.decode())
            return 201, "", {}
        chosen = ", ".join(_chosen(item) for item in _split(given.get("select") or "*"))
        ((found,),) = _ask(
            db,
            f"WITH _answer AS ({statement} RETURNING {chosen}) "
            "SELECT coalesce(json_agg(_answer), '[]')::text FROM _answer",
            body.decode(),
        )
        return 201, found, {}


def _ask(db: "psycopg.Connection[Any]", statement: str, *values: Any) -> list[tuple[Any, ...]]:
    text = statement if values else statement.replace("%", "%%")
    cursor = db.execute(text.encode(), values or ())
    return cursor.fetchall() if cursor.description else []


def _of_postgres(exc: psycopg.Error) -> tuple[int, str, dict[str, str]]:
    said = {
        "code": exc.sqlstate,
        "message": exc.diag.message_primary,
        "details": exc.diag.message_detail,
        "hint": exc.diag.message_hint,
    }
    return _STATUS.get(exc.sqlstate or "", 400), json.dumps(said), {}


def _must_be_there(db: "psycopg.Connection[Any]", schema: str, table: str) -> None:
    found = _ask(
        db,
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = %s AND relname = %s",
        schema,
        table,
    )
    if not found:
        raise _Refused(404, "PGRST205", f"Could not find the table '{schema}.{table}' in the schema cache")


def _key(db: "psycopg.Connection[Any]", schema: str, table: str) -> list[str]:
    rows = _ask(
        db,
        "SELECT a.attname FROM pg_constraint k CROSS JOIN unnest(k.conkey) WITH ORDINALITY u(number, place) "
        "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number "
        "WHERE k.contype = 'p' AND k.conrelid = %s::regclass ORDER BY u.place",
        f"{_quoted(schema)}.{_quoted(table)}",
    )
    return [name for (name,) in rows]


def _described(db: "psycopg.Connection[Any]", schema: str) -> dict[str, Any]:
    rows = _ask(
        db,
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull, "
        "information_schema._pg_char_max_length(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum), "
        "obj_description(c.oid, 'pg_class'), a.atthasdef OR a.attidentity <> '' "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(c.oid, 'SELECT') "
        "ORDER BY c.relname, a.attnum",
        schema,
    )
    tables: dict[str, Any] = {}
    keys: dict[str, list[str]] = {}
    for table, column, kind, needed, longest, comment, about, default in rows:
        told = tables.setdefault(table, {"type": "object", "properties": {}, "required": []})
        if about:
            told["description"] = about
        if table not in keys:
            keys[table] = _key(db, schema, table)
        note = "Note:\nThis is a Primary Key.<pk/>" if column in keys[table] else ""
        text = "\n\n".join(part for part in (comment, note) if part)
        told["properties"][column] = {"format": kind, "type": "string"}
        if longest:
            told["properties"][column]["maxLength"] = longest
        if text:
            told["properties"][column]["description"] = text
        if needed and not default:
            told["required"].append(column)
    return {"swagger": "2.0", "info": {"version": "12.2.3", "title": "PostgREST API"}, "definitions": tables}


def _split(text: str) -> list[str]:
    """Return the parts between the commas outside of quotes and brackets."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|\([^)]*\)|[^,"(])+', text)


def _plain(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _chosen(item: str) -> str:
    found = re.fullmatch(
        r'(?:(?P<alias>\w+):)?(?P<name>\*|"(?:[^"\\]|\\.)*"|[^":]+)(?:::(?P<cast>[a-z ]+))?', item.strip()
    )
    if found is None:
        raise _Refused(400, "PGRST100", f'"failed to parse select parameter ({item})"')
    if found["name"] == "*":
        return "*"
    name = _plain(found["name"])
    cast = f"::{found['cast']}" if found["cast"] else ""
    return f"{_quoted(name)}{cast} AS {_quoted(found['alias'] or name)}"


def _ordered(table: str, item: str) -> str:
    found = re.fullmatch(r'("(?:[^"\\]|\\.)*"|[^".]+)((?:\.(?:asc|desc|nullsfirst|nullslast))*)', item)
    if found is None:
        raise _Refused(400, "PGRST100", f'"failed to parse order ({item})"')
    words = found[2].replace("nullsfirst", "NULLS FIRST").replace("nullslast", "NULLS LAST").split(".")
    return " ".join([f"{table}.{_quoted(_plain(found[1]))}", *words[1:]])


def _test(column: str, value: str) -> str:
    operator, _, operand = value.partition(".")
    if operator == "not":
        return f"NOT {_test(column, operand)}"
    name = _quoted(_plain(column))
    if operator == "is" and operand in {"null", "true", "false", "unknown"}:
        return f"{name} IS {operand}"
    if operator == "in":
        return f"{name} IN ({', '.join(_literal(_plain(v)) for v in _split(operand[1:-1]))})"
    if operator not in _OPERATORS:
        raise _Refused(400, "PGRST100", f'"failed to parse filter ({value})"')
    if operator in {"like", "ilike"}:
        operand = operand.replace("*", "%")
    return f"{name} {_OPERATORS[operator]} {_literal(operand)}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
