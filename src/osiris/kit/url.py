"""A database's address in one line."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit


def fields_of(url: str, schemes: Sequence[str]) -> dict[str, Any]:
    """Return what `scheme://user:password@host:port/database` says: only the fields that are there.

    Raises:
        ValueError: it is not of that form, or of another scheme. The text itself is not shown: it may hold a password.

    Example:
        >>> fields_of("mysql://ada:p%40ss@db:3307/shop", ("mysql",))  # pragma: allowlist secret
        {'host': 'db', 'port': 3307, 'user': 'ada', 'password': 'p@ss', 'database': 'shop'}
    """
    form = f"{schemes[0]}://user:password@host:port/database"
    unreadable = ValueError(f"the url can't be read: write {form}, with special characters as %XX")
    try:
        parts = urlsplit(url.strip())
        found = {
            "host": parts.hostname,
            "port": parts.port,
            "user": parts.username,
            "password": parts.password,
            "database": parts.path.lstrip("/"),
        }
    except ValueError:
        raise unreadable from None
    if (
        "@" in f"{parts.path}{parts.query}{parts.fragment}"
    ):  # a `/`, `?` or `#` cut the password: no host came before it
        raise unreadable
    if parts.scheme.lower() not in schemes:
        begins = parts.scheme if "://" in url else "something else"
        raise ValueError(f"the url has to begin with {schemes[0]}://, and it begins with {begins}")
    if not found["host"]:
        raise ValueError(f"the url names no host: write {form}")
    return {key: unquote(value) if isinstance(value, str) else value for key, value in found.items() if value}


def place_of(url: str) -> str:
    """Return where an address leads: without its password and its options; empty where the text is none.

    Example:
        >>> place_of("mysql://ada:p%40ss@db:3307/shop?tls=required")  # pragma: allowlist secret
        'mysql://ada@db:3307/shop'
    """
    try:
        parts = urlsplit(url.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if not parts.hostname or "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return ""
    return f"{parts.scheme}://{parts.username or ''}@{parts.hostname}{port}{parts.path}"
