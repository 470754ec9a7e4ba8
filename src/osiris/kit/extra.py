"""Packages that only some need, each the whole reason for an extra: imported when they are first used."""

from importlib import import_module
from typing import Any

from osiris.model.errors import ExtraMissing


def imported(package: str, title: str, extra: str) -> Any:
    """Return a package, or one of its modules.

    Args:
        package: Its name.
        title: What errors call it.
        extra: What brings it.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise ExtraMissing(f"{title} is not installed", hint=f"pip install 'osiris-etl[{extra}]'") from None
