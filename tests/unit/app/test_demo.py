"""The shop of the first minute: the same on every machine, dirty as real data is."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from osiris.app.demo import MakeDemo, make_demo
from osiris.app.project import Project
from osiris.app.shop import shop
from osiris.app.shop_file import CONNECTION, DATABASE
from osiris.model.errors import UsageError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of one demo, to look at only."""
    cwd = tmp_path_factory.mktemp("demo")
    make_demo(Project.open(cwd, exported={}), MakeDemo())
    return cwd / "osiris-demo"


def ask(folder: Path, sql: str) -> Any:
    with duckdb.connect(folder / DATABASE, read_only=True) as db:
        (row,) = db.execute(sql).fetchall()
        return row[0] if len(row) == 1 else row


def test_the_shop_has_four_tables_and_about_forty_thousand_rows(made: Path) -> None:
    sizes = {table.name: ask(made, f"SELECT count(*) FROM {table.name}") for table in shop()}
    assert set(sizes) == {"customers", "products", "orders", "order_lines"}
    assert 35_000 < sum(sizes.values()) < 45_000


def test_the_shop_is_the_same_every_time() -> None:
    one, other = shop(), shop()
    assert all(a.rows.equals(b.rows) for a, b in zip(one, other, strict=True))


def test_the_rows_of_the_shop_are_known(made: Path) -> None:
    """A change of the generator would change what the demo shows: then the recording is to be looked at, too."""
    revenue = """
        SELECT sum(quantity * unit_price * (1 - coalesce(discount, 0)))::VARCHAR
        FROM order_lines JOIN orders USING (order_id) WHERE status <> 'cancelled'
    """
    assert ask(made, revenue) == "13605656.9335"


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("e-mail addresses that are NULL", "SELECT count(*) FROM customers WHERE email IS NULL"),
        ("e-mail addresses given twice", "SELECT count(email) - count(DISTINCT email) FROM customers"),
        ("customers who don't say their country", "SELECT count(*) FROM customers WHERE country IS NULL"),
        ("orders of nobody", "SELECT count(*) FROM orders WHERE customer_id IS NULL"),
        ("orders that were cancelled", "SELECT count(*) FROM orders WHERE status = 'cancelled'"),
        ("lines without a discount", "SELECT count(*) FROM order_lines WHERE discount IS NULL"),
        ("customers who bought nothing", "SELECT count(*) FROM customers ANTI JOIN orders USING (customer_id)"),
        ("letters that are no ASCII", "SELECT count(*) FROM customers WHERE name SIMILAR TO '.*[À-ž].*'"),
    ],
)
def test_the_shop_is_dirty_as_real_data_is(made: Path, what: str, sql: str) -> None:
    assert 10 < ask(made, sql) < 24_000, what


def test_what_is_not_dirty_on_purpose_is_clean(made: Path) -> None:
    assert ask(made, "SELECT count(*) FROM order_lines ANTI JOIN orders USING (order_id)") == 0
    assert ask(made, "SELECT count(*) FROM order_lines ANTI JOIN products USING (product_id)") == 0
    assert ask(made, "SELECT count(*) - count(DISTINCT order_id) FROM orders") == 0
    assert ask(made, "SELECT typeof(any_value(unit_price)) FROM order_lines") == "DECIMAL(10,2)"


def test_the_folder_is_a_project_with_the_shop_as_its_connection(made: Path) -> None:
    project = Project.open(made, exported={})
    assert project.root == made
    assert [f"@{f}.{a}" for f, aliases in project.connections.aliases().items() for a in aliases] == [CONNECTION]
    assert (made / "osiris.yaml").is_file()
    assert (made / "AGENTS.md").is_file()


def test_made_again_the_shop_is_as_new_and_the_rest_is_kept(tmp_path: Path) -> None:
    project = Project.open(tmp_path, exported={})
    assert make_demo(project, MakeDemo(folder="here")).again is False
    settings = tmp_path / "here" / "osiris.yaml"
    settings.write_text("agent: {sampling: none}\n", "utf-8")
    with duckdb.connect(tmp_path / "here" / DATABASE) as db:
        db.execute("DELETE FROM products")
    made = make_demo(project, MakeDemo(folder="here"))
    assert made.again is True
    assert ask(Path(made.folder), "SELECT count(*) FROM products") == made.rows["products"]
    assert settings.read_text("utf-8") == "agent: {sampling: none}\n"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert make_demo(Project.open(tmp_path, exported={}), MakeDemo(folder="empty")).again is False


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("notes.txt", "'there' holds other files"), ("osiris_connections.yaml", "'there' holds other files")],
)
def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / content).write_text("duckdb: {}\n", "utf-8")
    with pytest.raises(UsageError, match=complaint) as caught:
        make_demo(Project.open(tmp_path, exported={}), MakeDemo(folder="there"))
    assert caught.value.hint == "name another folder: osiris demo DIR"
    assert [file.name for file in (tmp_path / "there").iterdir()] == [content]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("", "utf-8")
    with pytest.raises(UsageError, match="'there' is a file"):
        make_demo(Project.open(tmp_path, exported={}), MakeDemo(folder="there"))
