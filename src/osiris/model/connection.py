"""The only reader of `@family.alias`."""

import re
from dataclasses import dataclass

_REFERENCE = re.compile(r"@(?P<family>[a-z][a-z0-9_]*)(?:\.(?P<alias>[A-Za-z0-9_][A-Za-z0-9_-]*))?\Z")


@dataclass(frozen=True)
class Reference:
    """A connection by name.

    Attributes:
        family: Such as `mysql`.
        alias: Such as `shop`; empty means the family's default.
    """

    family: str
    alias: str = ""

    def __str__(self) -> str:
        return f"@{self.family}.{self.alias}" if self.alias else f"@{self.family}"


def parse_reference(text: str) -> Reference:
    """Return the connection that a text names.

    Raises:
        ValueError: the text is not of the form `@family.alias` or `@family`.

    Example:
        >>> parse_reference("@mysql.shop")
        Reference(family='mysql', alias='shop')
    """
    if not (found := _REFERENCE.match(text)):
        raise ValueError(f"{text!r} is not a connection: write @family.alias")
    return Reference(found["family"], found["alias"] or "")
