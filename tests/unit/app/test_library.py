"""Every template runs as it stands in a new project, and does what it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest
from tests.unit.app.projects import CONNECTIONS, make, opened

from osiris.app.library import ListTemplates, ShowTemplate, list_templates, show_template
from osiris.app.pipelines import CheckPipeline, check_pipeline
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.app.scaffold import InitedProject, InitProject, init_project
from osiris.app.validation import ValidateProject, validate_project
from osiris.model.errors import UsageError

# What each leaves behind: a query that says True, with `shop` and `warehouse` attached.
RESULTS = {
    "api-to-table": """
        SELECT list((currency, per_euro::VARCHAR) ORDER BY currency) = [
            ('CZK', '24.8600'), ('GBP', '0.8553'), ('PLN', '4.2673'), ('SEK', '11.1475')]
        FROM warehouse.exchange_rates""",
    "append-day": """
        SELECT count(*) = (SELECT count(*) FROM shop.orders WHERE ordered_on = '2024-03-01') AND count(*) > 0
        FROM warehouse.orders_by_day""",
    "clean-and-deduplicate": """
        SELECT count(*) = (SELECT count(DISTINCT email) FROM shop.customers)
           AND count(*) = count(DISTINCT email) AND count(*) = count(country)
           AND (SELECT count(*) FROM 'output/customers_without_address.csv')
             = (SELECT count(*) FROM shop.customers WHERE email IS NULL)
        FROM 'output/customers.parquet'""",
    "copy-tables": """
        SELECT NOT EXISTS (FROM shop.order_lines EXCEPT FROM warehouse.order_lines)
           AND NOT EXISTS (FROM shop.orders EXCEPT FROM warehouse.orders)
           AND NOT EXISTS (FROM shop.customers EXCEPT FROM warehouse.customers)
           AND NOT EXISTS (FROM shop.products EXCEPT FROM warehouse.products)""",
    "csv-files-to-parquet": """
        SELECT list((order_id, reason) ORDER BY order_id) = [
            (17, 'too small'), (204, NULL), (511, 'damaged, twice'), (873, 'wrong colour'), (1290, NULL)]
        FROM 'output/returns.parquet'""",
    "join-sources": """
        SELECT sum(orders) = (SELECT count(customer_id) FROM shop.orders) AND count(*) = 6
           AND count(*) FILTER (country = 'unknown') = 1
        FROM 'output/orders_by_country.csv'""",
    "top-report": """
        SELECT count(*) = 10 AND max(revenue) = (
            SELECT sum(quantity * unit_price * (1 - coalesce(discount, 0)))::DECIMAL(18, 2)
            FROM shop.order_lines JOIN shop.orders USING (order_id)
            WHERE customer_id = (SELECT arg_max(customer_id, revenue) FROM 'output/top_customers.csv')
              AND status <> 'cancelled')
        FROM 'output/top_customers.csv'""",
}
NAMES = tuple(sorted(RESULTS))


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """Serve what the project has for its API, as the template's description says."""
    handler = partial(Quiet, directory=str(folder / "data" / "api-to-table"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        file = folder / "osiris_connections.yaml"
        if file.exists():
            text = file.read_text("utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{server.server_port}")
            file.write_text(text, "utf-8")
        yield
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


def begun(folder: Path, name: str) -> InitedProject:
    return init_project(opened(folder), InitProject(template=name))


def test_the_list_has_every_template_with_its_intent(tmp_path: Path) -> None:
    lines = list_templates(opened(tmp_path), ListTemplates()).templates
    assert tuple(line.name for line in lines) == NAMES
    assert all(line.intent for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_in_a_new_project_does_what_it_says(tmp_path: Path, name: str) -> None:
    made = begun(tmp_path, name)
    assert (made.pipeline, made.missing) == (f"pipelines/{name}.yaml", ())
    with served(tmp_path):
        _does_what_it_says(tmp_path, name, made)


def _does_what_it_says(tmp_path: Path, name: str, made: InitedProject) -> None:
    assert validate_project(opened(tmp_path), ValidateProject(mode="strict")).pipelines[made.pipeline].valid
    report = run_pipeline(opened(tmp_path), RunPipeline(file=made.pipeline, strict=True))
    assert (report.status, report.error) == ("completed", None)
    with duckdb.connect() as db:
        db.execute(f"SET file_search_path = '{tmp_path}'")
        for alias in ("shop", "warehouse"):
            if (file := tmp_path / "data" / f"{alias}.duckdb").exists():
                db.execute(f"ATTACH '{file}' AS {alias} (READ_ONLY)")
        assert db.execute(RESULTS[name]).fetchall() == [(True,)]


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_named_like_its_file_and_says_what_it_needs(tmp_path: Path, name: str) -> None:
    shown = show_template(opened(tmp_path), ShowTemplate(name=name))
    assert f"\nname: {name}\n" in shown.oml
    assert shown.description
    assert check_pipeline(opened(make(tmp_path)), CheckPipeline(text=shown.oml)).name == name
    assert all(connection in shown.oml for connection in shown.connections)


def test_a_template_in_a_project_that_is_there_changes_nothing_and_says_what_it_lacks(tmp_path: Path) -> None:
    made = begun(make(tmp_path), "append-day")
    assert (tmp_path / "osiris_connections.yaml").read_text("utf-8") == CONNECTIONS
    assert made.missing == ("@duckdb.warehouse",)
    assert not (tmp_path / "data" / "shop.duckdb").exists()
    assert begun(tmp_path, "append-day").kept[-1] == "pipelines/append-day.yaml"


def test_a_template_of_files_alone_needs_no_shop(tmp_path: Path) -> None:
    made = begun(tmp_path, "csv-files-to-parquet")
    assert "data/returns/2024-01.csv" in made.created
    assert not (tmp_path / "data" / "shop.duckdb").exists()


def test_editors_find_the_schema_of_a_template(tmp_path: Path) -> None:
    begun(tmp_path, "top-report")
    assert (tmp_path / "pipelines/top-report.yaml").read_text("utf-8").startswith("# yaml-language-server: $schema=../")


def test_a_template_that_is_not_there_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no template 'top-reports'") as caught:
        begun(tmp_path, "top-reports")
    assert caught.value.hint == "did you mean top-report?"
    with pytest.raises(UsageError) as caught:
        begun(tmp_path, "top")
    assert caught.value.hint == "did you mean top-report?"
    with pytest.raises(UsageError) as caught:
        begun(tmp_path, "zzz")
    assert "append-day, clean" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
