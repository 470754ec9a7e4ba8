"""A query sent, and its answer: all of the data, or an error."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from osiris.kit.http import Api
from osiris.kit.http_words import Again, Answer, Ask, bare
from osiris.kit.json_answer import document
from osiris.kit.json_text import Digits
from osiris.model.errors import ConnectError, SourceError

_BUSY = frozenset({"THROTTLED", "RATE_LIMITED", "RATELIMITED", "TOO_MANY_REQUESTS"})
_NO_RIGHT = frozenset({"UNAUTHENTICATED", "FORBIDDEN", "UNAUTHORIZED", "ACCESS_DENIED"})
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/graphql-response+json, application/json;q=0.9",
}


@dataclass(frozen=True)
class Asking:
    """Asks one API.

    Attributes:
        partial: What becomes of an answer that has errors beside its data.
    """

    api: Api
    partial: Literal["refuse", "accept"] = "refuse"

    def __call__(self, query: str, variables: Mapping[str, Any], page: int = 0) -> dict[str, Any]:
        """Return the whole answer to one query, `data` in it.

        Args:
            query: One that reads.
            variables: Its variables.
            page: Its number, for errors; 0 where there are no pages.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API fails, or gives errors with its data.
        """
        at = bare(self.api.root)
        said = f"page {page} of {at}" if page else at
        body = json.dumps({"query": query, "variables": variables}, ensure_ascii=False).encode()
        ask = Ask(self.api.root, said, body=body, headers=_HEADERS)
        return self.api.read(ask, lambda answer, content: self._understood(answer, content, said))

    def _understood(self, answer: Answer, content: bytes, said: str) -> dict[str, Any]:
        found = document(content, answer, said)
        if not isinstance(found, dict) or not found.keys() & {"data", "errors"}:
            raise SourceError(f"{said} is no answer of GraphQL", hint="check `endpoint`: is it a GraphQL API?")
        errors = found.get("errors")
        if errors and not (self.partial == "accept" and found.get("data") is not None):
            raise self._refused(errors, found, said)
        if found.get("data") is None:
            raise SourceError(f"{said} has no data", hint="run it again, or ask who runs the API")
        return found

    def _refused(self, errors: Any, found: dict[str, Any], said: str) -> Exception:
        listed = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
        told = "; ".join(str(one.get("message")) for one in listed[:3])
        why = self.api.cleaned(told or str(errors))
        codes = {str(code).upper() for one in listed for code in (_code(one), one.get("type")) if code}
        if codes & _BUSY:
            error = SourceError(f"{said} wants fewer or cheaper queries", why=why, hint="run it later, or ask for less")
            return Again(error, _restored(found))
        if codes & _NO_RIGHT:
            return ConnectError(f"{said} refuses", why=why, hint="check the connection's `auth_type` and its secrets")
        if found.get("data") is None:
            return SourceError(f"{said} answers with an error", why=why, hint="mend the query or its variables")
        return SourceError(
            f"{said} has only a part of the data, and {len(listed) or 1} errors",
            why=why,
            hint="leave out what fails, or write `partial_data: accept`",
        )


def _code(error: dict[str, Any]) -> Any:
    extensions = error.get("extensions")
    return extensions.get("code") if isinstance(extensions, dict) else None


def _restored(found: dict[str, Any]) -> float | None:
    """Return in how many seconds the query's cost will be there again; None where the API doesn't say."""
    extensions = found.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, dict):
        return None
    wanted, there, rate = cost.get("requestedQueryCost"), status.get("currentlyAvailable"), status.get("restoreRate")
    if not all(isinstance(one, int | Digits) and not isinstance(one, bool) for one in (wanted, there, rate)):
        return None
    missing, each = float(str(wanted)) - float(str(there)), float(str(rate))
    return max(0.0, missing) / each if each > 0 else None
