"""What a user may say about a table to write, whichever database holds it."""

from typing import Any, Self

from pydantic import AliasChoices, Field, field_validator, model_validator

from osiris.kit.component import Config
from osiris.model.spec import WRITE_MODE_SYNONYMS, Example, WriteMode


class TableWrite(Config):
    """Settings that the writers of all databases have."""

    table: str = Field(min_length=1, description="The table to write, such as `customers`.")
    write_mode: WriteMode = Field(
        default="append",
        validation_alias=AliasChoices("write_mode", "mode"),
        description="`append` (also insert): these rows beside those that are there. `replace` (also overwrite, "
        "full-refresh, truncate): the table afterwards holds exactly these rows. `merge` (also upsert): rows are "
        "updated by `primary_key`, the others added.",
    )
    primary_key: list[str] = Field(
        default=[],
        validation_alias=AliasChoices("primary_key", "upsert_keys"),
        description="Columns that tell one row from another; `merge` needs them.",
    )
    create_if_missing: bool = Field(default=True, description="Make what is missing, the table at least.")

    @field_validator("write_mode", mode="before")
    @classmethod
    def _canonical(cls, mode: Any) -> Any:
        return WRITE_MODE_SYNONYMS.get(mode, mode) if isinstance(mode, str) else mode

    @field_validator("primary_key", mode="before")
    @classmethod
    def _one_or_more(cls, key: Any) -> Any:
        return [key] if isinstance(key, str) else key

    @model_validator(mode="after")
    def _can_be_merged(self) -> Self:
        if self.write_mode == "merge" and not self.primary_key:
            raise ValueError("`write_mode: merge` needs `primary_key`")
        if len({name.lower() for name in self.primary_key}) < len(self.primary_key):
            raise ValueError("`primary_key` names a column twice")
        return self


def examples(connection: str, whole: str, by_key: str) -> tuple[Example, Example]:
    """Return what a writer shows of itself.

    Args:
        connection: Such as `@mysql.shop`.
        whole: A table that is replaced.
        by_key: One that is updated.
    """
    replaced = {"connection": connection, "table": whole, "write_mode": "replace"}
    merged = {"connection": connection, "table": by_key, "write_mode": "merge", "primary_key": ["id"]}
    return (
        Example(title="A table that holds exactly these rows", config=replaced),
        Example(title="Update by key", config=merged),
    )
