"""Pages of runs and plans as a real browser shows them.

`python -m tests.docs.screenshots` renews the pictures in `docs/images`; they are looked at, not compared.
"""

import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from tests.e2e.keyboard import Done, started
from tests.house.tree import ROOT
from tests.services.browser import browsing

FOLDER = ROOT / "docs" / "images"
GOOD = """\
oml_version: "0.1.0"
name: best-customers
metadata:
  intent: Who are our best customers, and what did they order?
params:
  least: {type: number, default: 20, description: "smallest order that counts"}
steps:
  - id: orders
    component: filesystem.csv_extractor
    mode: read
    config: {path: data/orders.csv, columns: {amount: "decimal(12, 2)"}}
  - id: customers
    component: duckdb.extractor
    mode: read
    config: {connection: "@duckdb.shop", table: customers}
  - id: best
    component: duckdb.processor
    mode: transform
    needs: [orders, customers]
    config:
      query: |
        -- a customer without a name is nobody's best one
        SELECT c.name, count(*) AS orders, sum(o.amount)::DECIMAL(12, 2) AS revenue
        FROM orders AS o
        JOIN customers AS c ON c.id = o.customer_id
        WHERE o.amount >= ${params.least} AND c.name IS NOT NULL
        GROUP BY c.name
        ORDER BY revenue DESC
        LIMIT 10
  - {id: list, component: filesystem.csv_writer, mode: write, needs: [best], config: {path: output/best.csv}}
  - id: mart
    component: duckdb.writer
    mode: write
    needs: [best]
    config: {connection: "@duckdb.mart", table: best_customers, write_mode: replace}
"""
BAD = """\
oml_version: "0.1.0"
name: returns
metadata: {intent: How much came back?}
steps:
  - id: returns
    component: filesystem.csv_extractor
    mode: read
    config: {path: data/returns.csv, columns: {amount: bigint}}
  - {id: write, component: filesystem.csv_writer, mode: write, needs: [returns], config: {path: output/returns.csv}}
"""


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        page: Pattern of the page's file in the project.
        width: Of the window, in pixels; so is `height`.
        name: Of the picture's file.
    """

    name: str
    page: str
    width: int
    height: int
    dark: bool = False


KEPT = (
    Picture("report.png", "logs/*-best-customers-*/report.html", 1100, 1500),
    Picture("report-failed.png", "logs/*-returns-*/report.html", 390, 844, dark=True),
    Picture("plan.png", "plan.html", 1100, 1300),
)


def project(folder: Path) -> Path:
    """Make a project in which several runs went well and one did not, with a page about each, and return it."""
    for name in ("data", "pipelines"):
        (folder / name).mkdir()
    orders = "".join(f"{number},{number % 13},{number % 97 + number / 100:.2f}\n" for number in range(1, 20_001))
    (folder / "data" / "orders.csv").write_text(f"id,customer_id,amount\n{orders}", "utf-8")
    (folder / "data" / "returns.csv").write_text("id,amount\n1,12\n2,a dozen\n", "utf-8")
    with duckdb.connect(folder / "data" / "shop.duckdb") as shop:
        shop.execute("CREATE TABLE customers (id BIGINT PRIMARY KEY, name VARCHAR)")
        names = ("Ada", "Bo", "Cleo", "Dan", "Eva", "Finn", "Gro", "Hal", "Ida", "Jon", "Kim", "Lea", None)
        shop.executemany("INSERT INTO customers VALUES (?, ?)", list(enumerate(names)))
    (folder / "osiris_connections.yaml").write_text(
        "duckdb:\n  shop: {path: data/shop.duckdb, default: true}\n  mart: {path: output/mart.duckdb}\n", "utf-8"
    )
    for name, text in {"best-customers": GOOD, "returns": BAD}.items():
        (folder / "pipelines" / f"{name}.yaml").write_text(text, "utf-8")
    _type(folder, "discover", "@duckdb.shop")
    for least in (20, 20, 20, 60):
        given = ("pipelines/best-customers.yaml", "--param", f"least={least}")
        token = json.loads(_type(folder, "plan", *given, "--json").out)["approval_token"]
        _type(folder, "run", *given, "--approve", token)
    _type(folder, "run", "pipelines/returns.yaml", code=1)
    _type(folder, "logs", "html", "--all")
    _type(folder, "plan", "pipelines/best-customers.yaml", "--html", "plan.html")
    return folder


def _type(folder: Path, *words: str, code: int = 0) -> Done:
    done = started(folder, *words, LOGNAME="ada")
    if done.code != code:
        raise RuntimeError(done.err)
    return done


def shoot(folder: Path, pictures: tuple[Picture, ...], into: Path) -> None:
    """Have a browser show pages of a project, and keep what it shows."""
    with browsing() as page:
        page.call("Emulation.setScrollbarsHidden", hidden=True)
        for picture in pictures:
            page.show(max(folder.glob(picture.page)), width=picture.width, dark=picture.dark, height=picture.height)
            content = page.call("Page.captureScreenshot", format="png")["data"]
            (into / picture.name).write_bytes(base64.b64decode(content))


if __name__ == "__main__":
    with TemporaryDirectory(prefix="osiris-screenshots-") as place:
        shoot(project(Path(place)), KEPT, FOLDER)
    sys.stdout.write(f"{', '.join(picture.name for picture in KEPT)} in {FOLDER}\n")
