"""Rows as the text that MySQL reads: every value exactly, or an error that names the column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from osiris.kit.cells import Array, NotFinite, joined_bytes, json_texts, one, pc, raw, texts
from osiris.model.errors import CheckFailed

Form = Literal["number", "text", "bytes", "bits", "year", "json"]
NO_CHECK = ""
_NULL = "\\N"
_ESCAPED = {ord("\\"): "\\\\", ord("\t"): "\\t", ord("\n"): "\\n"}
_IN_QUOTES = {ord("\\"): "\\\\", ord("'"): "\\'"}
# What makes the column's value of the text, where the text alone would not.
_MADE_OF = {"bytes": "UNHEX({})", "bits": "CAST({} AS UNSIGNED)"}
_YEAR_DIGITS = 4  # fewer mean a year of this century or the last


@dataclass(frozen=True)
class Feed:
    """One column of the rows, and the column that takes it.

    Attributes:
        source: Name among the rows.
        target: Name in the table.
        held: The Arrow type of which the table's column holds every value; a value that it lacks is an error.
        form: How values are written.
        wrong: Says what is wrong with some values of that type, empty where nothing is; for what no type can say.
        nullable: Whether the table's column takes NULL.
    """

    source: str
    target: str
    held: pa.DataType
    form: Form = "number"
    wrong: Callable[[Array], str] | None = None
    nullable: bool = True

    @property
    def made_of(self) -> str:
        """Return the SQL that makes the column's value of `{}`; empty where the text does by itself."""
        return _MADE_OF.get(self.form, "")

    def texts(self, values: Array) -> Array:
        """Return each value as text, NULL as NULL, nothing escaped.

        Raises:
            CheckFailed: a value does not fit the table's column.
        """
        if not self.nullable and values.null_count:
            raise self._refused(f"{values.null_count} of them are NULL, which it may not be", "leave such rows out")
        fitted = self._fitted(values)
        if self.wrong is not None and (fault := self.wrong(fitted)):
            raise self._refused(fault, "mend it in the step before")
        return self._written(fitted)

    def _fitted(self, values: Array) -> Array:
        kind = values.type
        if pa.types.is_dictionary(kind):
            return self._fitted(values.dictionary_decode())
        try:
            if pa.types.is_timestamp(kind) and kind.tz is not None and pa.types.is_timestamp(self.held):
                values = values.cast(pa.timestamp(kind.unit, "UTC")).cast(pa.timestamp(kind.unit))
            return values if values.type.equals(self.held) else values.cast(self.held)
        except pa.ArrowInvalid as exc:
            raise self._refused(str(exc), "round or cast it in the step before") from exc

    def _written(self, values: Array) -> Array:
        match self.form:
            case "number" | "bits":
                if pa.types.is_floating(values.type) and pc.all(pc.is_finite(values)).as_py() not in {True, None}:
                    raise self._refused("NaN or infinity, which MySQL has none for", "make it NULL in the step before")
                return texts(values)
            case "year":
                return pc.utf8_lpad(values.cast(pa.string()), _YEAR_DIGITS, "0")
            case "bytes":
                return texts(values)
            case "json":
                return self._json(values)
            case "text":
                return values.cast(pa.string())

    def _json(self, values: Array) -> Array:
        try:
            return pc.if_else(values.is_valid(), json_texts(values), pa.scalar(None, pa.string()))
        except NotFinite as exc:
            raise self._refused("NaN or infinity, which JSON can't say", "make it NULL in the step before") from exc

    def _refused(self, fault: str, hint: str) -> CheckFailed:
        return CheckFailed(
            f"column {self.source!r} holds what the table's column {self.target!r} can't: {fault}", hint=hint
        )


def lines(batch: pa.RecordBatch, feeds: Sequence[Feed]) -> pa.Buffer:
    """Return rows as `LOAD DATA` reads them: tabs between, a line feed after, a sign of its own for NULL.

    Raises:
        CheckFailed: a value does not fit the table's column.
    """
    cells = [_line_cells(feed, values) for feed, values in zip(feeds, batch.columns, strict=True)]
    cells[-1] = pc.binary_join_element_wise(cells[-1].fill_null(_NULL), one("\n"), one(""))
    null = {"null_handling": "replace", "null_replacement": _NULL}
    return joined_bytes(pc.binary_join_element_wise(*cells, one("\t"), **null))


def tuples(batch: pa.RecordBatch, feeds: Sequence[Feed]) -> Array:
    """Return each row as `INSERT` reads it: `('a',1,NULL)`.

    Raises:
        CheckFailed: a value does not fit the table's column.
    """
    cells = [_sql_cells(feed, values) for feed, values in zip(feeds, batch.columns, strict=True)]
    cells = [cell.fill_null("NULL") for cell in cells]
    inner = pc.binary_join_element_wise(*cells, one(","))
    return pc.binary_join_element_wise(one("("), inner, one(")"), one(""))


def _line_cells(feed: Feed, values: Array) -> Array:
    plain = feed.texts(values)
    return _replaced(plain, _ESCAPED) if feed.form in {"text", "json"} else plain


def _sql_cells(feed: Feed, values: Array) -> Array:
    plain = feed.texts(values)
    if feed.form in {"text", "json"}:
        plain = _replaced(plain, _IN_QUOTES)
    if feed.form == "bits":
        return plain
    return pc.binary_join_element_wise(one("x'" if feed.form == "bytes" else "'"), plain, one("'"), one(""))


def _replaced(plain: Array, escapes: dict[int, str]) -> Array:
    held = raw(plain)
    for code, escape in escapes.items():  # the backslash comes first: the others bring one with them
        if code in held:
            plain = pc.replace_substring(plain, chr(code), escape)
    return plain
