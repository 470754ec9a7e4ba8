"""Rows that no table can hold are refused before anything is opened."""

import pyarrow as pa
import pytest

from osiris.kit.table import doubled_key, must_be_a_table, null_key
from osiris.model.errors import AuthorError

INT: pa.DataType = pa.int64()
NULL: pa.DataType = pa.null()


@pytest.mark.parametrize(
    ("schema", "match", "hint"),
    [
        (pa.schema([]), "no column to write", "select one"),
        (pa.schema([("a", INT), ("A", INT)]), "two columns are called 'A'", "name each column once"),
        (pa.schema([("a", NULL), ("id", INT)]), "'a' has no type", "CAST"),
        (pa.schema([("idd", INT)]), "the key 'id' is not among the columns", "did you mean 'idd'?"),
        (pa.schema([("quite", INT)]), "the key 'id' is not among the columns", "the rows have: quite"),
    ],
)
def test_says_what_is_wrong_and_what_to_do(schema: pa.Schema, match: str, hint: str) -> None:
    with pytest.raises(AuthorError, match=match) as caught:
        must_be_a_table(schema, ["id"])
    assert hint in caught.value.hint


def test_keys_may_be_spelt_in_other_capitals() -> None:
    must_be_a_table(pa.schema([("ID", INT)]), ["id"])


def test_keys_that_tell_nothing_apart_are_counted_where_that_is_known() -> None:
    assert null_key("id", 3).message == "the key 'id' is NULL in 3 rows"
    assert doubled_key(["a", "b"], 4, 2).message == "4 rows share 2 values of the key a, b"
    assert doubled_key(["a"]).message == "some rows share a value of the key a"
