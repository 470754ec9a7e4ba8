"""How tables seem to belong together: by their names, and by values that they share. A guess, and said to be one."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import combinations, product
from math import floor
from secrets import token_bytes

from pydantic import BaseModel

from osiris.model.catalogue import Column, Table

MOST_VALUES = 1_000  # distinct values of a column that are compared
MOST_COLUMNS = 6  # of a table, those that look most like keys
MOST_TABLES = 20  # that are compared, the ones described last
MOST_JOINS = 20
FEWEST = 10  # distinct values that prove something where names say nothing: states and flags have fewer
SHARED = 0.7  # share of them that has to be on the other side
_KEYS = frozenset({"id", "key", "code", "no", "nr", "num", "number", "ref", "uuid", "guid", "sku"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_DIGEST = 8  # bytes of one value's hash


@dataclass(frozen=True)
class Sample:
    """The values of one column, as hashes that only this conversation can make.

    Attributes:
        exact: Of the values as they are.
        folded: Of the values without blanks around them, in small letters.
        cut: True where there are more.
    """

    exact: frozenset[bytes]
    folded: frozenset[bytes]
    cut: bool = False


class Join(BaseModel):
    """Two columns that may join.

    Attributes:
        left: `@family.alias/table.column`, as is `right`.
        because: What speaks for it, in words.
        inferred: Always True: nobody declared it.
    """

    left: str
    right: str
    because: str
    inferred: bool = True


@dataclass(frozen=True)
class Side:
    """One column of one table."""

    source: str
    table: Table
    column: Column

    @property
    def name(self) -> str:
        """Return how people and pipelines call it."""
        return f"{self.source}/{self.table.full_name}.{self.column.name}"

    @property
    def is_key(self) -> bool:
        """Return whether it alone is the primary key of its table."""
        return self.table.primary_key == (self.column.name,)


Look = Callable[[Side], Sample | None]


@dataclass
class Joins:
    """The tables that were described in one conversation, and how they seem to join.

    Attributes:
        tables: `@family.alias/table` to the table, with its connection; the latest last.
        samples: Column to its values; None where they may not be looked at, or can't.
    """

    tables: dict[str, tuple[str, Table]] = field(default_factory=dict)
    samples: dict[str, Sample | None] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: token_bytes(16), repr=False)

    def sample(self, values: Iterable[str], *, cut: bool) -> Sample:
        """Return values as hashes; what they were is not kept."""
        known = list(values)
        folded = (value.strip().casefold() for value in known)
        return Sample(frozenset(map(self._hash, known)), frozenset(map(self._hash, folded)), cut)

    def among(self, source: str, tables: Iterable[Table], look: Look) -> tuple[Join, ...]:
        """Return how tables that are described now may join each other, and those described before.

        Args:
            source: Their connection.
            tables: As they were described.
            look: Returns the values of a column; asked once for each that may matter.
        """
        now = {f"{source}/{table.full_name}": (source, table) for table in tables}
        self.tables = {name: known for name, known in self.tables.items() if name not in now} | now
        self.tables = dict(list(self.tables.items())[-MOST_TABLES:])
        pairs = ((a, b) for a, b in combinations(self.tables, 2) if a in now or b in now)
        found = (join for a, b in pairs for join in self._between(self.tables[a], self.tables[b], look))
        return tuple(sorted(found, key=lambda join: (join.left, join.right))[:MOST_JOINS])

    def _between(self, one: tuple[str, Table], other: tuple[str, Table], look: Look) -> Iterator[Join]:
        for left, right in product(_sides(*one), _sides(*other)):
            if _declared(left, right) or _declared(right, left):
                continue
            by_name = _named(left, right) or _named(right, left)
            if by_name or _may_share(left, right):
                if right.is_key < left.is_key:
                    left, right = right, left  # noqa: PLW2901 - the key stands on the right
                shared = self._shared(left, right, look)
                if because := _because(right, shared, by_name=by_name):
                    yield Join(left=left.name, right=right.name, because=because)

    def _shared(self, left: Side, right: Side, look: Look) -> "Shared | None":
        for side in (left, right):
            if side.name not in self.samples:
                self.samples[side.name] = look(side)
        a, b = self.samples[left.name], self.samples[right.name]
        if not a or not b or not a.exact or not b.exact:
            return None
        return Shared(
            of=len(a.exact),
            exact=len(a.exact & b.exact) / len(a.exact),
            folded=len(a.folded & b.folded) / len(a.folded),
            partly=a.cut or b.cut,
        )

    def _hash(self, value: str) -> bytes:
        return blake2b(value.encode("utf-8", "replace"), digest_size=_DIGEST, key=self._key).digest()


@dataclass(frozen=True)
class Shared:
    """How many values of one column another one has.

    Attributes:
        of: Distinct values that were compared.
        exact: Share that is there as it is, 0 to 1.
        folded: Share that is there but for blanks around it and capital letters, 0 to 1.
        partly: True where not all values of both sides were compared, so that there may be more.
    """

    of: int
    exact: float
    folded: float
    partly: bool

    def proves(self) -> bool:
        """Return whether so much can't be chance."""
        return self.of >= FEWEST and max(self.exact, self.folded) >= SHARED

    def words(self) -> str:
        """Return it in words."""
        least = "at least " if self.partly else ""
        told = f"{least}{_percent(self.exact)} of {self.of:,} values are on the right, too"
        if self.folded > self.exact:
            told += f"; {_percent(self.folded)} after trim and lower"
        return told


def _percent(share: float) -> str:
    """Return a share in whole percent, never rounded up: 100% means all of them.

    Example:
        >>> _percent(0.57), _percent(0.999)
        ('57%', '99%')
    """
    return f"{floor(round(100 * share, 6))}%"


def _because(right: Side, shared: Shared | None, *, by_name: bool) -> str:
    """Return what speaks for a join; empty where too little does."""
    if not by_name:
        return f"values alone: {shared.words()}" if shared and shared.proves() else ""
    key = f", and {right.column.name} is the key of {right.table.full_name}" if right.is_key else ""
    values = shared.words() if shared else "values were not compared"
    return f"names{key}; {values}"


def _sides(source: str, table: Table) -> list[Side]:
    """Return the columns of a table that may join, those that look most like keys first."""
    able = [column for column in table.columns if _is_text(column) or column.type.startswith(("int", "uint"))]
    keyed = sorted(able, key=lambda column: (column.name not in table.primary_key, not _ends_like_a_key(column.name)))
    return [Side(source, table, column) for column in keyed[:MOST_COLUMNS]]


def _may_share(left: Side, right: Side) -> bool:
    """Return whether shared values would say something: whole numbers are alike everywhere."""
    texts = _is_text(left.column) and _is_text(right.column)
    return texts and any(side.is_key or _ends_like_a_key(side.column.name) for side in (left, right))


def _declared(left: Side, right: Side) -> bool:
    target = left.table.references.get(left.column.name, "")
    return left.source == right.source and target in {
        f"{name}.{right.column.name}" for name in (right.table.name, right.table.full_name)
    }


def _named(left: Side, right: Side) -> bool:
    """Return whether a column's name says that it means a key of the other table."""
    mine, others = _words(left.column.name), _words(right.column.name)
    if len(mine) < 2 or mine[-1] not in _KEYS:  # noqa: PLR2004 - a bare `id` means its own table
        return False
    if mine == others:
        return True
    means = _singular(_words(right.table.name)[-1:])
    return _singular(mine[-2:-1]) == means and (right.is_key or others == mine[-1:])


def _singular(words: list[str]) -> list[str]:
    return [re.sub(r"ies\Z", "y", word) if word.endswith("ies") else word.removesuffix("s") for word in words]


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _ends_like_a_key(name: str) -> bool:
    return not _KEYS.isdisjoint(_words(name)[-1:])


def _is_text(column: Column) -> bool:
    return column.type in {"string", "large_string"}
