"""Supabase's REST interface, through its official client: what is asked, repeated, and complained of."""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from osiris.components.supabase.config import SupabaseConnection
from osiris.kit.extra import imported
from osiris.model.errors import CheckFailed, ConnectError, OsirisError, OutsideError, TargetError

ROOT = "/rest/v1"
_LATER = frozenset({429, 503})  # the request was not carried out
_PERHAPS = frozenset({502, 504, 520, 521, 522, 523, 524, 544})  # nobody knows whether it was
_LONGEST = 30.0  # seconds between two attempts
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_NO_RIGHT = ("42501", "PGRST301", "PGRST302", "PGRST303", "401", "403")
_PROMISES = ("23", "22")  # classes of PostgreSQL's codes: a promise is broken, a value is none

DIRECT = (
    "set `pg_dsn`, the database's direct address: it is faster by far, and the only way to replace, to make tables "
    "and to run a `query`"
)


class Lost(Exception):
    """A request got no answer, or one that says that nobody knows.

    Attributes:
        after: Seconds until it may be repeated; None where the server does not say.
        sure: Whether it was certainly not carried out.
    """

    def __init__(self, message: str, *, sure: bool, after: float | None = None) -> None:
        super().__init__(message)
        self.sure = sure
        self.after = after


@dataclass
class Door:
    """The REST interface of one project.

    Attributes:
        connection: Its address and key.
        schema: That is asked for.
        retries: How often a request is repeated.
        timeout: Seconds to wait for one answer; None for the connection's.
        pause: What waits between two attempts.
    """

    connection: SupabaseConnection
    schema: str
    retries: int = 3
    timeout: float | None = None
    pause: Callable[[float], None] = time.sleep
    client: Any = field(init=False, repr=False)
    _http: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the client; nothing is asked yet."""
        httpx, postgrest = driver("httpx"), driver()
        key = self.connection.secret
        seconds = self.connection.timeout if self.timeout is None else self.timeout
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        base = f"{self.connection.address}{ROOT}"
        self._http = httpx.Client(
            base_url=base,
            headers=headers,
            timeout=httpx.Timeout(seconds, connect=self.connection.connect_timeout),
            follow_redirects=False,
            trust_env=False,
            event_hooks={"response": [_must_be_settled]},
        )
        self.client = postgrest.SyncPostgrestClient(
            base, schema=self.schema, headers=headers, http_client=self._http, retry_enabled=False
        )

    def close(self) -> None:
        """Hang up. Safe to call twice."""
        self._http.close()

    def description(self) -> dict[str, Any]:
        """Return what the interface tells of the tables of the schema.

        Raises:
            ConnectError: there is no connection, or no right to it.
        """
        headers = {"Accept": "application/openapi+json", "Accept-Profile": self.schema}
        answer = self.ask("the tables", lambda: self._http.get("/", headers=headers))
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            raise self._no_entry(answer.status_code, answer.text)
        definitions: dict[str, Any] = answer.json().get("definitions", {})
        return definitions

    def ask(self, what: str, request: Callable[[], Any], kind: type[OutsideError] = ConnectError) -> Any:
        """Return the answer to a request that may be made twice.

        Args:
            what: What the error calls it.
            request: Makes it, and returns the answer.
            kind: The error where it fails.

        Raises:
            OutsideError: it fails, and a repeat did not help.
            ConnectError: there is no connection, or no right to it.
            CheckFailed: a row breaks a promise of the table's.
        """
        for attempt in range(self.retries + 1):
            try:
                return self.once(what, request, kind)
            except Lost as exc:
                if attempt == self.retries:
                    raise self.lost(what, exc, kind) from exc
                self.wait(attempt, exc)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def once(self, what: str, request: Callable[[], Any], kind: type[OutsideError] = ConnectError) -> Any:
        """Return the answer to a request, made once.

        Raises:
            Lost: it has none, or one that says to try later.
            OutsideError: it is refused.
        """
        httpx, errors = driver("httpx"), driver("postgrest.exceptions")
        try:
            return request()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise Lost(str(exc), sure=True) from exc
        except httpx.TransportError as exc:
            raise Lost(str(exc) or type(exc).__name__, sure=False) from exc
        except errors.APIError as exc:
            raise self._refused(what, exc, kind) from exc

    def wait(self, attempt: int, lost: Lost) -> None:
        """Wait before the next attempt, as long as the server says, or longer each time."""
        after = lost.after if lost.after is not None else random.uniform(0.5, 1) * 2**attempt  # noqa: S311 - no secret
        self.pause(min(after, _LONGEST))

    def lost(self, what: str, exc: Lost, kind: type[OutsideError]) -> OsirisError:
        """Return why a request has no answer."""
        httpx = driver("httpx")
        cause, at = exc.__cause__, self.connection.address
        said = str(exc)
        if isinstance(cause, httpx.TimeoutException):
            seconds = self.connection.timeout if self.timeout is None else self.timeout
            return kind(f"{what}: {at} does not answer within {seconds:g} s", hint="raise `timeout`, or try later")
        if isinstance(cause, httpx.ConnectError):
            return _no_connection(at, said)
        if said.startswith("429"):
            return kind(f"{what}: {at} wants fewer requests", hint="try later, or " + DIRECT)
        return kind(f"{what}: {at} broke off", why=said, hint="see whether the project is paused, then run it again")

    def _refused(self, what: str, exc: Any, kind: type[OutsideError]) -> OsirisError:
        code, said = str(exc.code or ""), exc.message or "no reason given"
        if code in _NO_RIGHT or "JWT" in said or "API key" in said:
            return self._no_entry(401 if code != "42501" else 403, said)
        if code in {"PGRST205", "42P01", "404"}:
            return kind(f"{what}: {said}", hint="check the name and the schema, or make it: " + DIRECT)
        if code == "PGRST106":
            return ConnectError(
                f"the schema {self.schema!r} is not open to REST", why=said, hint="add it to the API's exposed schemas"
            )
        if code == "42P10":
            return TargetError(
                f"{what}: there is no unique index on exactly these key columns",
                hint="make one, or " + DIRECT,
            )
        if code.startswith(_PROMISES) and kind is TargetError:
            return CheckFailed(f"{what} refuses the rows: {said}", hint=exc.hint or "mend it in the step before")
        return kind(f"{what}: {said}", hint=exc.hint or "see what Supabase says")

    def _no_entry(self, status: int, said: str) -> ConnectError:
        at = self.connection.address
        if status in {401, 403}:
            hint = "check `key`; it must be the project's, and its role must have the right"
            return ConnectError(f"{at} refuses the key" if status == 401 else f"{at}: no right", why=said, hint=hint)  # noqa: PLR2004
        if "PGRST106" in said:
            return ConnectError(
                f"the schema {self.schema!r} is not open to REST", hint="add it to the API's exposed schemas"
            )
        return ConnectError(f"{at} answers {status}", why=said[:200], hint="check `url`: is it a Supabase project?")


def driver(name: str = "postgrest") -> Any:
    """Return Supabase's client for its REST interface, or one of its modules.

    Raises:
        ExtraMissing: it is not installed.
    """
    return imported(name, "Supabase's client", "supabase")


def spelled(name: str) -> str:
    """Return a column's name as PostgREST wants it in a list."""
    if _PLAIN.match(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _must_be_settled(answer: Any) -> None:
    status = answer.status_code
    if status in _LATER or status in _PERHAPS:
        after = answer.headers.get("Retry-After", "")
        raise Lost(
            f"{status} {answer.reason_phrase}", sure=status in _LATER, after=float(after) if after.isdigit() else None
        )


def _no_connection(at: str, said: str) -> ConnectError:
    if "refused" in said:
        return ConnectError(f"nobody listens at {at}", why=said, hint="check `url`")
    if "certificate" in said.lower() or "ssl" in said.lower():
        return ConnectError(f"no encrypted connection to {at}", why=said, hint="check `url` and this machine's clock")
    return ConnectError(
        f"there is no host for {at}", why=said, hint="check `url` or `project_id`; is the project paused?"
    )
