"""What the plan fixed about a source's columns, held against the columns as they are."""

from collections.abc import Mapping

import pyarrow as pa

from osiris.kit.arrow import schema_of
from osiris.kit.component import Announced
from osiris.model.catalogue import Known
from osiris.model.errors import CheckFailed


def announced(known: Known, *, derivable: bool = True) -> Announced:
    """Return the columns that a look at the source found, or that the catalogue has, with their types fixed.

    Args:
        known: What is known of the source.
        derivable: False where the settings give columns other types than those in the catalogue.
    """
    if known.survey is None or (known.derived and not derivable):
        return Announced(why=known.why or "nobody has looked at the database yet")
    schema = schema_of(known.survey.columns)
    return Announced(schema=schema, fixed={"settled": {field.name: str(field.type) for field in schema}})


def must_be_settled(settled: Mapping[str, str], schema: pa.Schema, said: str) -> None:
    """Refuse columns that are not those of the plan.

    Args:
        settled: Column to type, as the plan has it; empty where nobody planned.
        schema: The columns as they are.
        said: What the error calls the source.

    Raises:
        CheckFailed: one is gone, new, or of another type.
    """
    now = {field.name: str(field.type) for field in schema}
    if not settled or settled == now:
        return
    changes = [f"{n!r} is gone" for n in settled if n not in now]
    changes += [f"{n!r} is new" for n in now if n not in settled]
    changes += [f"{n!r} was {settled[n]} and is {now[n]}" for n in now if settled.get(n, now[n]) != now[n]]
    raise CheckFailed(
        f"the columns of {said} changed since the pipeline was compiled: {', '.join(changes)}",
        hint="compile the pipeline again",
    )
