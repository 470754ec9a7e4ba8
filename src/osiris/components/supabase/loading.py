"""Rows at rest in a file of the run's own, until they are sent by REST."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from osiris.components.postgres.fitting import holds
from osiris.components.supabase.config import SupabaseConnection, SupabaseWrite
from osiris.components.supabase.described import Described, found
from osiris.components.supabase.door import DIRECT, Door
from osiris.components.supabase.sending import Sending
from osiris.kit.stream import Stream
from osiris.kit.table import doubled_key, null_key
from osiris.model.errors import AuthorError, TargetError
from osiris.model.plan import TargetState
from osiris.model.receipt import Written

SLOW = "by REST: about a thousand rows a second, and not all at once; a direct address (`pg_dsn`) would be both"


@dataclass(frozen=True)
class Target:
    """One table to write by REST.

    Attributes:
        schema: That it lies in.
        table: Its name there.
        said: Its name as plans and receipts say it.
    """

    connection: SupabaseConnection
    config: SupabaseWrite
    schema: str
    table: str
    said: str

    def door(self) -> Door:
        """Return the way to it.

        Raises:
            AuthorError: what is wanted can't be done by REST.
        """
        if self.config.write_mode == "replace":
            raise AuthorError("`write_mode: replace` can't be done by REST", where="write_mode", hint=DIRECT)
        return Door(self.connection, self.schema, self.config.retries, self.config.timeout)

    def look(self) -> TargetState:
        """Return whether the table is there; its rows are not counted.

        Raises:
            OutsideError: there is no connection, or no right to it.
        """
        door = self.door()
        try:
            return TargetState(target=self.said, exists=self.table in door.description())
        finally:
            door.close()


@dataclass
class StagedRows:
    """Rows that wait to be sent.

    Attributes:
        path: The file they rest in, gone once this is closed.
    """

    sending: Sending
    path: Path
    batch_size: int
    written: Written
    restful: Callable[[], None]

    @classmethod
    def of(cls, target: Target, rows: Stream, scratch: Path) -> "StagedRows":
        """Take all rows, once it is sure that the table can take such.

        Raises:
            OutsideError: there is no connection, or the table can't take them.
            AuthorError: what is wanted can't be done by REST.
            CheckFailed: a key is NULL or doubled, or a value can't be held.
        """
        door = target.door()
        try:
            table = found(door.description(), target.table, TargetError)
            sending = _sending(door, table, rows.schema, target.config)
            written = Written(target=target.said, write_mode=target.config.write_mode, staged=0, changes=(SLOW,))
            path = scratch / f"supabase-{uuid4().hex}.arrow"
            staged = cls(sending, path, target.config.batch_size, written, door.close)
            try:
                staged.fill(rows)
            except BaseException:
                staged.close()
                raise
        except BaseException:
            door.close()
            raise
        return staged

    def fill(self, rows: Stream) -> None:
        """Put the rows into the file, and look at their keys and values.

        Raises:
            CheckFailed: a key is NULL or doubled, or a value can't be held.
        """
        encoders, count, seen = self.sending.encoders(rows.schema), 0, set[tuple[str, ...]]()
        keys = [name for name, target in self.sending.columns.items() if target in self.sending.key]
        with pa.OSFile(str(self.path), "wb") as file, pa.ipc.new_file(file, rows.schema) as into:
            for batch in rows:
                made = self.sending.rows(batch, encoders)
                count += len(made)
                if keys:
                    _note_keys(seen, [tuple(row[self.sending.columns[k]] for k in keys) for row in made], keys)
                    if len(seen) < count:
                        raise doubled_key(keys)
                into.write_batch(batch)
        self.written = self.written.model_copy(update={"staged": count})

    def commit(self) -> Written:
        """Send the rows, request by request.

        Raises:
            TargetError: the table refuses some; says how many are in.
            CheckFailed: a row breaks a promise of the table's.
        """
        done = new = 0
        with pa.OSFile(str(self.path), "rb") as file, pa.ipc.open_file(file) as resting:
            encoders = self.sending.encoders(resting.schema)
            for place in range(resting.num_record_batches):
                batch = resting.get_batch(place)
                for start in range(0, batch.num_rows, self.batch_size):
                    rows = self.sending.rows(batch.slice(start, self.batch_size), encoders)
                    new += self.sending.send(rows, done)
                    done += len(rows)
        left = done - new
        known = () if not left else (f"leaves {left} rows as they are, whose key was there already",)
        self.close()
        self.written = self.written.model_copy(update={"changes": (SLOW, *known)})
        return self.written

    def close(self) -> None:
        """Forget the rows, and hang up. Safe to call twice."""
        self.restful()
        self.path.unlink(missing_ok=True)


def _note_keys(seen: set[tuple[str, ...]], keys: list[tuple[str, ...]], names: list[str]) -> None:
    for place, name in enumerate(names):
        if nulls := sum(1 for key in keys if key[place] is None):
            raise null_key(name, nulls)
    seen.update(keys)


def _sending(door: Door, table: Described, schema: pa.Schema, config: SupabaseWrite) -> Sending:
    columns = {field.name: _column(table, field) for field in schema}
    for needed in sorted(table.needed - set(columns.values())):
        raise TargetError(
            f"column {needed!r} of table {table.name!r} may not be NULL, and the rows have no such column",
            hint=f"select it in the step before, such as … AS {needed}",
        )
    given = {name.lower(): name for name in columns}
    if config.primary_key:
        key = tuple(columns[given[name.lower()]] for name in config.primary_key)
    else:
        key = table.key if set(table.key) <= set(columns.values()) else ()
    return Sending(door, table.name, columns, table.columns, key, merge=config.write_mode == "merge")


def _column(table: Described, field: "pa.Field[pa.DataType]") -> str:
    """Return the table's column for one of the rows'."""
    near = [name for name in table.columns if name.lower() == field.name.lower()]
    name = field.name if field.name in table.columns else near[0] if len(near) == 1 else None
    if name is None:
        raise TargetError(
            f"table {table.name!r} has no column {field.name!r}", hint=f"leave it out, or to have it added: {DIRECT}"
        )
    kind = table.columns[name]
    if holds(kind, field.type) == "none":
        raise TargetError(
            f"column {name!r} of table {table.name!r} is {kind.said}, which does not hold every {field.type}",
            hint=f"cast it in the step before, such as CAST({name} AS {kind.said})",
        )
    return name
