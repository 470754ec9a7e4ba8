"""What the plan fixed about a file, held against the file as it is; and which rows and columns are wanted."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing

import pyarrow as pa

from osiris.kit.arrow import schema_of
from osiris.kit.component import Announced
from osiris.model.catalogue import Known
from osiris.model.errors import CheckFailed, SourceError
from osiris.model.nearest import nearest

MOST_NAMED = 20  # columns that a hint lists


def announced(known: Known, path: str) -> Announced:
    """Return the columns that a look at the file found, with their types fixed."""
    if known.survey is None:
        return Announced(why=known.why or f"nobody has looked at {path!r} yet")
    schema = schema_of(known.survey.columns)
    return Announced(schema=schema, fixed={"settled": {field.name: str(field.type) for field in schema}})


def must_have(wanted: Iterable[str], names: Sequence[str], path: str) -> None:
    """Refuse a column that the file does not have.

    Raises:
        SourceError: there is one; the hint has the nearest names.
    """
    for name in wanted:
        if name not in names:
            near = nearest(name, names)
            known = f"did you mean {', '.join(map(repr, near))}?" if near else f"it has {', '.join(names[:MOST_NAMED])}"
            raise SourceError(f"{path!r} has no column {name!r}", hint=known)


def must_be_settled(settled: Mapping[str, str], names: Sequence[str], path: str) -> None:
    """Refuse a file whose columns are not those of the plan.

    Raises:
        CheckFailed: one is gone, or new.
    """
    if not settled:
        return
    gone, new = sorted(settled.keys() - set(names)), sorted(set(names) - settled.keys())
    if gone or new:
        changes = [f"{name!r} is gone" for name in gone] + [f"{name!r} is new" for name in new]
        raise CheckFailed(
            f"the columns of {path!r} changed since the pipeline was compiled: {', '.join(changes)}",
            hint="compile the pipeline again, or name the columns that you want in `columns`",
        )


def limited(batches: Generator[pa.RecordBatch], limit: int | None) -> Generator[pa.RecordBatch]:
    """Yield at most so many rows, then close the source."""
    left = limit
    with closing(batches):
        for batch in batches if left != 0 else ():
            if left is None:
                yield batch
                continue
            yield batch.slice(0, left)
            left -= min(left, batch.num_rows)
            if left == 0:
                return
