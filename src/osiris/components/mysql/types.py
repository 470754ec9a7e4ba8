"""Which Arrow type each type of MySQL's has: the published table, and the code that reads it."""

import re
from dataclasses import dataclass

import pyarrow as pa

from osiris.kit.arrow import type_of
from osiris.kit.mapping import Reads

_TEXTS = ("CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT")
_BYTES = ("BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "VECTOR")
_SHAPES = (
    "GEOMETRY",
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "GEOMCOLLECTION",
)

READS: tuple[Reads, ...] = (
    Reads("TINYINT", "int8", note="TINYINT(1), too: it may hold 2 and 127."),
    Reads("TINYINT UNSIGNED", "uint8"),
    Reads("SMALLINT", "int16"),
    Reads("SMALLINT UNSIGNED", "uint16"),
    Reads("MEDIUMINT", "int32"),
    Reads("MEDIUMINT UNSIGNED", "uint32"),
    Reads("INT", "int32"),
    Reads("INT UNSIGNED", "uint32"),
    Reads("BIGINT", "int64"),
    Reads("BIGINT UNSIGNED", "uint64"),
    Reads("DECIMAL(p, s)", "decimal(p, s)", note="Of 256 bits where p > 38."),
    Reads("FLOAT", "float", note="Asked for as a double, because the server prints six digits otherwise."),
    Reads("DOUBLE", "double"),
    Reads("BIT(1)", "bool"),
    Reads("BIT(n)", "uint64"),
    Reads("YEAR", "int16"),
    Reads("DATE", "date32[day]", note="Dates that no calendar has go by `zero_dates`."),
    Reads("DATETIME", "timestamp[us]", note="Dates that no calendar has go by `zero_dates`."),
    Reads("TIMESTAMP", "timestamp[us, tz=UTC]", note="Dates that no calendar has go by `zero_dates`."),
    Reads("TIME", "string", "widening", "It reaches from -838:59:59 to 838:59:59, which no time of day does."),
    *(Reads(name, "string") for name in _TEXTS),
    *(Reads(name, "string", "widening") for name in ("ENUM", "SET", "JSON", "UUID", "INET4", "INET6", "NULL")),
    *(Reads(name, "binary") for name in _BYTES),
    *(Reads(name, "binary", "widening", "SRID and WKB, as the server stores it.") for name in _SHAPES),
)
_ARROW = {line.source: line.arrow for line in READS}
_DATES = frozenset({"DATE", "DATETIME", "TIMESTAMP"})
_DECLARED = re.compile(r"(?P<name>[a-z0-9_]+)(?:\((?P<first>\d+)(?:, ?(?P<second>\d+))?\))?", re.IGNORECASE)
_SAME = {"INTEGER": "INT", "NUMERIC": "DECIMAL", "REAL": "DOUBLE"}


@dataclass(frozen=True)
class MysqlType:
    """A type of MySQL's.

    Attributes:
        name: Such as `INT` or `VARCHAR`, in capitals.
        size: Digits of a DECIMAL, bits of a BIT, characters of a VARCHAR; 0 where there is none.
        scale: Digits after the point of a DECIMAL, of a second.
    """

    name: str
    unsigned: bool = False
    size: int = 0
    scale: int = 0

    @classmethod
    def declared(cls, column_type: str) -> "MysqlType":
        """Return the type that a table's definition says, such as `decimal(12,2) unsigned`."""
        found = _DECLARED.match(column_type)
        name = found["name"].upper() if found else column_type.upper()
        first, second = (int(found["first"] or 0), int(found["second"] or 0)) if found else (0, 0)
        timed = name in {"TIME", "DATETIME", "TIMESTAMP"}
        return cls(
            _SAME.get(name, name),
            unsigned=" unsigned" in column_type.lower(),
            size=0 if timed else first,
            scale=first if timed else second,
        )

    def arrow(self, *, dates_as_text: bool = False) -> pa.DataType:
        """Return the Arrow type of its values; bytes for a type that is not in the table.

        Args:
            dates_as_text: Whether dates and moments come as the server writes them.
        """
        if self.name == "DECIMAL":
            digits = max(self.size, self.scale, 1)
            return type_of(f"decimal({digits}, {self.scale})")
        if self.name == "BIT":
            return type_of(_ARROW["BIT(1)" if self.size == 1 else "BIT(n)"])
        if dates_as_text and self.name in _DATES:
            return pa.string()
        unsigned = f"{self.name} UNSIGNED"
        if self.unsigned and unsigned in _ARROW:
            return type_of(_ARROW[unsigned])
        return type_of(_ARROW.get(self.name, "binary"))
