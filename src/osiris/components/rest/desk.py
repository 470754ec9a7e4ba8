"""What can be told of an API without knowing what it serves."""

from contextlib import closing
from typing import NoReturn

import pyarrow as pa

from osiris.components.rest.access import opened
from osiris.components.rest.config import RestConnection
from osiris.kit.component import Place
from osiris.kit.family import Checked, Desk
from osiris.kit.http_words import Ask, bare
from osiris.model.catalogue import Catalogue, TableProfile
from osiris.model.errors import AuthorError, OsirisError

SECONDS = 20.0  # that a question may take
_FOUND = 400  # from here on HTTP's numbers are complaints


def check(connection: RestConnection, place: Place) -> Checked:  # noqa: ARG001 - every family is asked so
    """Sign in, and see whether the API answers; where `check_path` is set, whether that is there."""
    try:
        status = _asked(connection)
    except OsirisError as exc:
        hint = "" if connection.check_path else "; or set `check_path` to a path that you may read"
        return Checked("failed", exc.message, f"{exc.hint}{hint}")
    at = bare(connection.base_url)
    if status < _FOUND:
        return Checked("ok", f"{at} answers {status}")
    if connection.check_path:
        return Checked("failed", f"{at} answers {status} at {connection.check_path!r}", "check `check_path`")
    return Checked("ok", f"{at} answers {status}: it is there; set `check_path` to know more")


def catalogue(connection: RestConnection, place: Place) -> Catalogue:  # noqa: ARG001 - every family is asked so
    """Return no tables: an API of this kind doesn't tell what it has, so that nobody asks it."""
    return Catalogue(source=bare(connection.base_url))


def profile(connection: RestConnection, place: Place, table: str, most_rows: int) -> TableProfile:  # noqa: ARG001
    """Refuse: there are no tables.

    Raises:
        AuthorError: always.
    """
    _refuse()


def query(connection: RestConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:  # noqa: ARG001
    """Refuse: there is no SQL.

    Raises:
        AuthorError: always.
    """
    _refuse()


def _refuse() -> NoReturn:
    raise AuthorError("an API has no tables and answers no SQL", hint="read a path of it by a step, rest.extractor")


def _asked(connection: RestConnection) -> int:
    url = f"{connection.base_url}/{connection.check_path.lstrip('/')}"
    with closing(opened(connection, total=SECONDS)) as api:
        return api.reached(Ask(url, bare(url)))


DESK = Desk(check=check, catalogue=catalogue, profile=profile, query=query)
