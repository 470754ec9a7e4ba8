"""What is true of a connection, whichever component uses it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from osiris.kit.component import Component, Connection, Place
from osiris.model.catalogue import Catalogue, TableProfile


@dataclass(frozen=True)
class Checked:
    """What `check` found.

    Attributes:
        detail: One sentence: the server and its version, or what is wrong.
        hint: What to do where something is wrong.
    """

    status: Literal["ok", "failed"]
    detail: str
    hint: str = ""


@dataclass(frozen=True)
class Desk:
    """What a family answers about one of its connections; every read is bounded and read-only.

    Attributes:
        check: Really connects, and says in words what is wrong; it does not raise for that.
        catalogue: The tables with columns, keys and row counts.
        profile: Statistics of one table over at most so many rows.
        query: The rows of one SELECT, at most so many, and whether there would have been more.
        stamp: For a source that lies here: a text that changes whenever the source does, found without opening it.
            None for a server, which only a secret and a network lead to.
    """

    check: Callable[[Any, Place], Checked]
    catalogue: Callable[[Any, Place], Catalogue]
    profile: Callable[[Any, Place, str, int], TableProfile]
    query: Callable[[Any, Place, str, int], tuple[pa.Table, bool]]
    stamp: Callable[[Any, Place], str] | None = None


@dataclass(frozen=True)
class Family:
    """Components that share a connection.

    Attributes:
        name: The first word of its components' names and of its connections.
        connection: Model of the connection's fields.
        dialect: SQL dialect of its sources, as sqlglot spells it; empty for files.
        desk: None where there is nothing to ask, as for files.
    """

    name: str
    title: str
    components: Sequence[type[Component]]
    connection: type[Connection]
    dialect: str = ""
    desk: Desk | None = None
