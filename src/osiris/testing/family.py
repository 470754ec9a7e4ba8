"""What every family with a database behind it promises, as tests that come with the class."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pytest

from osiris.kit.arrow import type_of
from osiris.kit.component import Connection, Place
from osiris.kit.family import Desk
from osiris.kit.registry import Registry
from osiris.model.errors import AuthorError, OsirisError, OutsideError

PEOPLE = (
    "CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50), born DATE, score DOUBLE PRECISION)",
    "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, person_id INTEGER REFERENCES people (id))",
    "CREATE VIEW adults AS SELECT id, name FROM people WHERE born < '2006-01-01'",
    "INSERT INTO people VALUES (1, 'Ada', '1815-12-10', 1.5), (2, 'Bob', NULL, NULL), (3, 'Ada', '2024-02-29', 3.0)",
    "INSERT INTO orders VALUES (10, 1), (11, 1), (12, 3)",
)


class FamilyContract(ABC):
    """Inherit, name the family, run a few statements: the tests come with it."""

    family: ClassVar[str]

    @abstractmethod
    def prepare(self, place: Place, statements: tuple[str, ...]) -> dict[str, Any]:
        """Run some statements in a new database and return the fields of its connection."""

    @abstractmethod
    def missing(self, place: Place) -> dict[str, Any]:
        """Return the fields of a connection that does not answer."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        """Return a place of this test's own."""
        return Place(project=tmp_path, scratch=tmp_path)

    @property
    def desk(self) -> Desk:
        """Return what the family answers."""
        desk = Registry.installed().family(self.family).desk
        assert desk is not None
        return desk

    def connect(self, fields: dict[str, Any]) -> Connection:
        """Return a connection as the application would make it."""
        return Registry.installed().connect(self.family, fields)

    @pytest.fixture
    def people(self, place: Place) -> Connection:
        """Return a connection to three people, their orders and a view."""
        return self.connect(self.prepare(place, PEOPLE))

    def test_check_says_yes(self, place: Place, people: Connection) -> None:
        checked = self.desk.check(people, place)
        assert checked.status == "ok", checked.detail
        assert checked.detail

    def test_check_says_no_in_words(self, place: Place) -> None:
        checked = self.desk.check(self.connect(self.missing(place)), place)
        assert checked.status == "failed"
        assert checked.detail
        assert checked.hint

    def test_lists_tables_and_views_by_name(self, place: Place, people: Connection) -> None:
        catalogue = self.desk.catalogue(people, place)
        assert [(table.name, table.kind) for table in catalogue.tables] == [
            ("adults", "view"),
            ("orders", "table"),
            ("people", "table"),
        ]
        assert catalogue.dialect == Registry.installed().family(self.family).dialect

    def test_knows_columns_keys_and_row_counts(self, place: Place, people: Connection) -> None:
        catalogue = self.desk.catalogue(people, place)
        table, orders = catalogue.table("people"), catalogue.table("orders")
        assert table is not None
        assert orders is not None
        assert [column.name for column in table.columns] == ["id", "name", "born", "score"]
        assert [column.nullable for column in table.columns] == [False, True, True, True]
        assert all(column.source_type for column in table.columns)
        assert (table.primary_key, table.rows) == (("id",), 3)
        assert (orders.references, orders.rows) == ({"person_id": "people.id"}, 3)

    def test_every_type_is_one_that_osiris_knows(self, place: Place, people: Connection) -> None:
        columns = [column for table in self.desk.catalogue(people, place).tables for column in table.columns]
        assert [str(type_of(column.type)) for column in columns] == [column.type for column in columns]

    def test_says_the_same_twice(self, place: Place, people: Connection) -> None:
        assert self.desk.catalogue(people, place) == self.desk.catalogue(people, place)

    def test_profiles_each_column(self, place: Place, people: Connection) -> None:
        profile = self.desk.profile(people, place, "people", 1_000)
        found = {column.name: column for column in profile.columns}
        assert (profile.rows, profile.exact) == (3, True)
        assert (found["name"].distinct, found["name"].values) == (2, ("Ada", "Bob"))
        assert found["born"].nulls == pytest.approx(1 / 3)
        assert (found["born"].minimum, found["born"].maximum) == ("1815-12-10", "2024-02-29")
        assert (found["id"].minimum, found["id"].maximum) == ("1", "3")
        assert (found["score"].minimum, found["score"].maximum) == ("1.5", "3.0")
        assert found["name"].minimum is None

    def test_says_when_it_looked_at_some_rows_only(self, place: Place, people: Connection) -> None:
        profile = self.desk.profile(people, place, "people", 2)
        assert (profile.rows, profile.exact) == (2, False)

    def test_profiles_a_table_without_rows(self, place: Place) -> None:
        connection = self.connect(self.prepare(place, PEOPLE[:1]))
        profile = self.desk.profile(connection, place, "people", 1_000)
        assert (profile.rows, profile.exact) == (0, True)
        assert {(column.nulls, column.distinct, column.minimum) for column in profile.columns} == {(0.0, 0, None)}

    def test_a_table_that_is_not_there_is_an_error_with_the_nearest(self, place: Place, people: Connection) -> None:
        with pytest.raises(OsirisError, match="peple") as caught:
            self.desk.profile(people, place, "peple", 1_000)
        assert "people" in caught.value.hint

    def test_answers_a_query_with_so_many_rows(self, place: Place, people: Connection) -> None:
        table, more = self.desk.query(people, place, "SELECT name FROM people ORDER BY id", 2)
        assert (table.to_pydict(), more) == ({"name": ["Ada", "Bob"]}, True)

    def test_says_that_there_are_no_more_rows(self, place: Place, people: Connection) -> None:
        table, more = self.desk.query(people, place, "SELECT id FROM people WHERE id > 3", 2)
        assert (table.num_rows, table.column_names, more) == (0, ["id"], False)

    @pytest.mark.parametrize(
        "statement",
        ["DELETE FROM people", "DROP TABLE people", "SELECT 1; DELETE FROM people", "CREATE TABLE x (i INT)"],
    )
    def test_refuses_whatever_is_not_a_query(self, place: Place, people: Connection, statement: str) -> None:
        with pytest.raises(AuthorError):
            self.desk.query(people, place, statement, 10)
        assert self.desk.query(people, place, "SELECT count(*) AS n FROM people", 10)[0].to_pydict() == {"n": [3]}

    def test_a_wrong_column_is_an_authors_error_with_the_nearest(self, place: Place, people: Connection) -> None:
        with pytest.raises(AuthorError, match="nmae") as caught:
            self.desk.query(people, place, "SELECT nmae FROM people", 10)
        assert "name" in caught.value.hint

    def test_a_connection_that_does_not_answer_is_an_outside_error_with_a_hint(self, place: Place) -> None:
        connection = self.connect(self.missing(place))
        for question in (
            lambda: self.desk.catalogue(connection, place),
            lambda: self.desk.profile(connection, place, "people", 10),
            lambda: self.desk.query(connection, place, "SELECT 1 AS one", 10),
        ):
            with pytest.raises(OutsideError) as caught:
                question()
            assert caught.value.hint

    def test_asking_changes_nothing(self, place: Place, people: Connection) -> None:
        before = _files(place)
        self.desk.check(people, place)
        self.desk.catalogue(people, place)
        self.desk.profile(people, place, "people", 10)
        self.desk.query(people, place, "SELECT * FROM people", 10)
        assert _files(place) == before


def _files(place: Place) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(place.project.rglob("*")) if path.is_file()}
