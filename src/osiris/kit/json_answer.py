"""An answer of an API as JSON, whatever it claims to be."""

import json
from typing import Any

from osiris.kit.http_body import text_of
from osiris.kit.http_words import Answer
from osiris.kit.json_text import DECODER, complaint, must_be_whole
from osiris.model.errors import SourceError

_GZIP = b"\x1f\x8b"


def document(content: bytes, answer: Answer, said: str) -> Any:
    """Return an answer's JSON, each number as it is written.

    Raises:
        SourceError: it is none.
    """
    must_be_no_page(answer, said)
    if content.startswith(_GZIP):
        raise SourceError(f"{said} is packed by gzip and does not say so", hint="ask who runs the API")
    text = text_of(content, answer.charset, said)
    if not text.strip():
        raise SourceError(f"{said} is empty: no JSON is in it", hint="check the address; run it again")
    if text.lstrip().startswith("<"):
        raise SourceError(f"{said} is a web page and no JSON", hint="check the address and the sign-on")
    try:
        found = DECODER.decode(text)
        must_be_whole(found, text)
    except (ValueError, RecursionError) as exc:
        where = f", line {exc.lineno}, column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else ""
        raise SourceError(
            f"{said}{where}: {complaint(exc)}", hint="run it again; if it stays so, ask its host"
        ) from exc
    return found


def must_be_no_page(answer: Answer, said: str) -> None:
    """Refuse a page for people, such as one to sign in.

    Raises:
        SourceError: it is one.
    """
    if "html" in answer.headers.get("content-type", "").lower():
        raise SourceError(f"{said} is a web page and no data", hint="check the address and the sign-on")
