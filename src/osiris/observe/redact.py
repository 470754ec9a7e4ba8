"""The only redactor: no text leaves a room before it has been here."""

import json
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from osiris.observe.forms import SHORTEST, Forms

MASK = "***"

# What a field is called that holds a secret.
FIELDS = frozenset({
    "access_key", "access_token", "api_key", "apikey", "auth_token", "authorization", "client_secret",
    "connection_string", "credentials", "passphrase", "passwd", "password", "private_key", "pwd", "refresh_token",
    "secret", "secret_access_key", "secret_key", "service_role_key", "token",
})  # fmt: skip
_KEYS = tuple(f'"{name}":' for name in sorted(FIELDS))
# Mappings whose keys are names of columns, which may be called anything.
_BY_COLUMN = frozenset({"columns", "digests", "lineage", "nulls", "references"})

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")  # the name of a secret is none
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?!\*{3}@)[^\s/?#\"'<>\\]*@")
_PARAMETER = re.compile(
    r"(?i)([?&](?:access_token|api[_-]?key|auth|key|pass|passwd|password|pwd|secret|sig|signature|token"
    r"|x-amz-(?:credential|security-token|signature))=)(?!\*{3})[^&\s#\"'<>\\]+"
)

Json = TypeVar("Json")


class Redactor:
    """Masks secrets in JSON values and texts.

    A secret of six characters or more is masked wherever it stands, in any form: plain, percent-encoded, escaped,
    in base64 or hexadecimal digits, split over lines. A shorter one would be in half of all texts; it is masked
    where a secret stands: under the name of a secret field, and in a URL. Of a URL with a user the part
    `scheme://***@host/path` is left, whoever knows the password.

    Args:
        values: The secrets.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {value for value in values if value.strip()}
        self._forms = Forms(known)
        names = "|".join(map(re.escape, sorted(FIELDS)))
        short = sorted({value for value in known if len(value.strip()) < SHORTEST}, key=lambda v: (-len(v), v))
        found = "|".join(map(re.escape, short))
        self._short = re.compile(rf"(?i)(\b(?:{names})[\"']?\s*[=:]\s*[\"']?)(?-i:{found})(?!\w)") if short else None

    def __call__(self, value: Json) -> Json:
        """Return the same shape without secrets; the very same value where there are none."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        lower = text.lower()
        if not (any(key in lower for key in _KEYS) or self._suspects(text)):
            return value
        masked: Json = self._masked(value)
        return masked

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if not self._suspects(text):
            return text
        parts: list[str] = []
        done = 0
        for start, end in self._forms.spans(text):
            parts += (text[done:start], MASK)
            done = end
        masked = "".join([*parts, text[done:]])
        masked = _USERINFO.sub(rf"\g<1>{MASK}@", masked)
        masked = _PARAMETER.sub(rf"\g<1>{MASK}", masked)
        return self._short.sub(rf"\g<1>{MASK}", masked) if self._short else masked

    def leaks(self, text: str) -> bool:
        """Return whether a known secret of six characters or more is in a text, in any form."""
        return self._forms.suspects(text) and bool(self._forms.spans(text))

    def _suspects(self, text: str) -> bool:
        return (
            ("://" in text and bool(_USERINFO.search(text) or _PARAMETER.search(text)))
            or bool(self._short and self._short.search(text))
            or self._forms.suspects(text)
        )

    def _masked(self, value: Any, *, by_column: bool = False) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {
                    self.text(key): MASK
                    if not by_column and self._is_secret(key, item)
                    else self._masked(item, by_column=key in _BY_COLUMN)
                    for key, item in value.items()
                }
            case list() | tuple():
                return type(value)(self._masked(item) for item in value)
        return value

    def _is_secret(self, key: str, value: Any) -> bool:
        return key.lower() in FIELDS and isinstance(value, str) and bool(value) and not _VARIABLE.fullmatch(value)
