"""How much of the data the language model may see: by connection, table and column, and never more."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from osiris.model.catalogue import looks_personal
from osiris.model.settings import AgentSettings, Sampling

ORDER: tuple[Sampling, ...] = ("none", "profile", "masked", "raw")
_ADDRESS = re.compile(r"\S@\S|\+?\d[\d ()/-]{7,}\d")  # a mail address, a telephone or card number

See = Callable[[str], Sampling]  # a column's name to what of it may be seen


@dataclass
class Policies:
    """What the settings say, and what the person agreed to in this conversation.

    Attributes:
        default: Where nothing else is said.
        by: `@family.alias`, `@family.alias/table` or `@family.alias/table.column` to what holds there.
        agreed: Connections whose values a person lets the model see as they are.
    """

    default: Sampling = "profile"
    by: Mapping[str, Sampling] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)

    @classmethod
    def of_settings(cls, settings: AgentSettings) -> "Policies":
        """Return what the settings say; nobody has agreed to anything yet."""
        return cls(settings.sampling, settings.sampling_by)

    def of(self, connection: str, table: str = "", column: str = "") -> Sampling:
        """Return what may be seen of a column, a table or a connection; `raw` only after a yes.

        What is said of the column wins over its table's, and that over the connection's. What looks personal by its
        name is never seen as it is.
        """
        wanted = (f"{connection}/{table}.{column}", f"{connection}/{table}", connection)
        said = next((self.by[name] for name in wanted if name in self.by), self.default)
        if said == "raw" and (connection not in self.agreed or looks_personal(column)):
            return "masked"
        return said

    def may_ask(self, connection: str) -> bool:
        """Return whether the settings allow values as they are anywhere behind a connection, and nobody was asked."""
        said = [value for name, value in self.by.items() if name == connection or name.startswith(f"{connection}/")]
        return connection not in self.agreed and "raw" in (*said, self.default)

    def strictest(self, connection: str, columns: Iterable[str]) -> Sampling:
        """Return what may be seen of what was computed from columns, each `table.column`; `*` stands for any.

        What is computed from no column, such as a count of rows, may be seen as the connection may.
        """
        found = [self._of_source(connection, source) for source in columns]
        return min(found or [self.of(connection)], key=ORDER.index)

    def _of_source(self, connection: str, source: str) -> Sampling:
        table, _, column = source.rpartition(".")
        if column == "*" or not table:
            said = [value for name, value in self.by.items() if name.startswith(f"{connection}/")]
            least = min([self.of(connection), *said], key=ORDER.index)
            return min(least, "masked", key=ORDER.index)
        return self.of(connection, table, column)


def masked(value: str) -> str:
    """Return the shape of a value: letters as `x` and `X`, digits as `9`, the rest as it is.

    Example:
        >>> masked("Černý-42, Brno")
        'Xxxxx-99, Xxxx'
    """
    return "".join("9" if c.isdigit() else ("X" if c.isupper() else "x") if c.isalpha() else c for c in value)


def is_personal(value: str) -> bool:
    """Return whether a value looks like a mail address, or a telephone or card number."""
    return bool(_ADDRESS.search(value))
