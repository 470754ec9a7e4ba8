"""Rows as lines of delimited text, a column at a time."""

import re
from dataclasses import dataclass

import pyarrow as pa

from osiris.components.filesystem.config import CsvWrite
from osiris.kit.cells import Array, has_empty, is_number, joined_bytes, one, pc, raw, texts, texts_of

_MARK = "\ufeff"  # at the start of a file it would be taken for a byte order mark
_PLAIN_LETTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz+-.: ")  # of numbers, times, true, false, inf, nan


@dataclass(frozen=True)
class CsvText:
    """Turns rows into UTF-8 lines."""

    config: CsvWrite

    @property
    def line_end(self) -> str:
        """Return what ends a line."""
        return "\r\n" if self.config.newline == "crlf" else "\n"

    def header(self, names: list[str]) -> bytes:
        """Return the line with the names."""
        cells = self._quoted(pa.array(names, pa.string()), pa.string())
        return (self.config.delimiter.join(cells.to_pylist()) + self.line_end).encode()

    def lines(self, batch: pa.RecordBatch) -> pa.Buffer:
        """Return the rows' lines.

        Raises:
            CheckFailed: a list or a struct holds a number that JSON can't say.
        """
        cells = texts_of(batch, self._cells)
        if len(cells) == 1:
            cells = [self._visible(cells[0])]
        last = cells[-1].fill_null(self.config.null_text)
        cells[-1] = pc.binary_join_element_wise(last, one(self.line_end), one(""))
        null = {"null_handling": "replace", "null_replacement": self.config.null_text}
        return joined_bytes(pc.binary_join_element_wise(*cells, one(self.config.delimiter), **null))

    def _cells(self, values: Array) -> Array:
        return self._quoted(texts(values), values.type)

    def _quoted(self, plain: Array, kind: pa.DataType) -> Array:
        """Return the texts, in quotes where `quoting` wants it or they would be read as something else."""
        if self.config.quoting == "all" or (
            self.config.quoting == "nonnumeric" and not (is_number(kind) or pa.types.is_boolean(kind))
        ):
            return self._in_quotes(plain)
        if self._is_plain(kind):
            return plain
        null, special = self.config.null_text, self.config.delimiter + self.config.quotechar + "\r\n"
        held = raw(plain)
        maybe_null = null.encode() in held if null else has_empty(plain)
        if not maybe_null and not any(sign.encode() in held for sign in (*special, _MARK)):
            return plain
        doubtful = pc.match_substring_regex(plain, f"[{re.escape(special)}]|^{_MARK}")
        return pc.if_else(pc.or_(doubtful, pc.equal(plain, one(null))), self._in_quotes(plain), plain)

    def _is_plain(self, kind: pa.DataType) -> bool:
        """Return whether no text of this type can hold anything that needs quotes."""
        config = self.config
        never = is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind)
        return never and not config.null_text and not {config.delimiter, config.quotechar} & _PLAIN_LETTERS

    def _in_quotes(self, plain: Array) -> Array:
        quote = self.config.quotechar
        if ord(quote) in raw(plain):
            plain = pc.replace_substring(plain, quote, quote * 2)
        return pc.binary_join_element_wise(one(quote), plain, one(quote), one(""))

    def _visible(self, cells: Array) -> Array:
        """Return the only column's texts so that an empty one is not a blank line, which is a NULL."""
        return pc.if_else(pc.equal(cells, one("")), one(self.config.quotechar * 2), cells)
