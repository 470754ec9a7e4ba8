"""Secrets of many kinds, and the forms in which a program may write them."""

import base64
import html
import json
import shlex
import urllib.parse
from collections.abc import Callable, Mapping

SECRETS: Mapping[str, str] = {
    "with signs of URLs": "p@ss/w:rd?&#%41+x",  # pragma: allowlist secret
    "with quotes": 'it\'s "quo\\ted"',  # pragma: allowlist secret
    "of two lines": "line-one\nline-two-x",  # pragma: allowlist secret
    "beyond ASCII": "Žluťoučký-kůň-🐎",  # pragma: allowlist secret
    "six characters short": "aB3$x9",  # pragma: allowlist secret
    "very long": "tok_" + "abcdefghij0123456789" * 50,  # pragma: allowlist secret
    "a JSON document": '{"type": "service_account", "private_key": "mno\\npqr-stu-vwx"}',  # pragma: allowlist secret
    "a PEM file": "-----BEGIN PRIVATE KEY-----\n"  # pragma: allowlist secret
    + "\n".join(f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{i:02}KcwggSjAgEAAoIBAQC7VJT" for i in range(5))
    + "\n-----END PRIVATE KEY-----\n",
    "with blanks": "correct horse battery",  # pragma: allowlist secret
    "a number": "918273645",  # pragma: allowlist secret
}


def _pieces(text: str, size: int, between: str) -> str:
    return between.join(text[start : start + size] for start in range(0, len(text), size))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "percent-encoded": lambda s: urllib.parse.quote(s, safe=""),
    "percent-encoded in small letters": lambda s: "".join(f"%{byte:02x}" for byte in s.encode()),
    "percent-encoded twice": lambda s: urllib.parse.quote(urllib.parse.quote(s, safe=""), safe=""),
    "in a form": urllib.parse.quote_plus,
    "in JSON": json.dumps,
    "in JSON as it is": lambda s: json.dumps(s, ensure_ascii=False),
    "in JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "in JSON in a URL": lambda s: urllib.parse.quote(json.dumps(s)),
    "as Python shows it": repr,
    "as Python shows its bytes": lambda s: repr(s.encode()),
    "as Python shows it to who knows ASCII alone": ascii,
    "as JavaScript has it": lambda s: "".join(f"\\u{{{ord(c):x}}}" for c in s),
    "as old JavaScript escapes it": lambda s: "".join(f"%u{ord(c):04x}" if ord(c) < 65_536 else c for c in s),
    "in octal digits": lambda s: "".join(f"\\{byte:03o}" for byte in s.encode()),
    "in a shell": shlex.quote,
    "in a shell in a shell's way": lambda s: "'" + s.replace("'", "'\\''") + "'",
    "in CSV": lambda s: '"' + s.replace('"', '""') + '"',
    "in HTML": html.escape,
    "in SQL": lambda s: "'" + s.replace("'", "''") + "'",
    "in hexadecimal digits": lambda s: s.encode().hex(),
    "in large hexadecimal digits": lambda s: s.encode().hex().upper(),
    "in hexadecimal digits of both sizes": lambda s: "".join(
        f"{byte:02x}" if place % 2 else f"{byte:02X}" for place, byte in enumerate(s.encode())
    ),
    "in hexadecimal digits with blanks": lambda s: s.encode().hex(" "),
    "in hexadecimal digits with colons": lambda s: s.encode().hex(":").upper(),
    "in hexadecimal numbers": lambda s: ", ".join(f"0x{byte:02x}" for byte in s.encode()),
    "in UTF-16, in hexadecimal digits": lambda s: s.encode("utf-16-le").hex(),
    "in UTF-16, in base64": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "in base64": _base64,
    "in base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "in base64 after one character": lambda s: _base64(f"u{s}"),
    "in base64 after two characters": lambda s: _base64(f"u:{s}"),
    "in base64 of five lines": lambda s: base64.encodebytes(f"u:{s}:{'after' * 40}".encode()).decode().strip(),
    "in base64 of JSON": lambda s: _base64(json.dumps({"password": s})),
    "in base64 in a URL": lambda s: urllib.parse.quote(_base64(s), safe=""),
    "over two lines": lambda s: f"{s[:3]}\n      {s[3:]}",
    "over many lines": lambda s: _pieces(s, 4, "\r\n"),
    "over two lines in JSON": lambda s: json.dumps(f"{s[:4]}\n{s[4:]}"),
    "over two lines in a URL": lambda s: _pieces(urllib.parse.quote(s, safe=""), 7, "\n"),
}
