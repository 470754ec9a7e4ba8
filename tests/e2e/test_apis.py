"""A GraphQL and a REST API are joined; once they were asked, the pipeline compiles without them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.keyboard import typed
from tests.services.graphql import Shop, serving
from tests.services.rest import by_page
from tests.services.web import Web

TOKEN = "plainly-visible-token"  # pragma: allowlist secret
OML = """\
oml_version: "0.1.0"
name: apis
steps:
  - id: orders
    component: graphql.extractor
    mode: read
    config:
      connection: "@graphql.shop"
      query: |
        query ($after: String) {
          orders(first: 2, after: $after) {
            nodes { id number customer { name } }
            pageInfo { hasNextPage endCursor }
          }
        }
      data_path: data.orders.nodes
      pagination_enabled: true
      pagination_path: data.orders.pageInfo
  - id: cities
    component: rest.extractor
    mode: read
    config: {connection: "@rest.shop", path: cities, pagination: {type: page}}
  - id: joined
    component: duckdb.processor
    mode: transform
    inputs: {orders: "${orders.df}", cities: "${cities.df}"}
    config:
      query: |
        SELECT o.id, o."customer.name" AS customer, c.city
        FROM orders AS o JOIN cities AS c ON c.id = o.number ORDER BY o.id
  - id: out
    component: filesystem.csv_writer
    mode: write
    inputs: {df: "${joined.df}"}
    config: {path: joined.csv}
"""


@contextmanager
def project(folder: Path) -> Iterator[Path]:
    """Make a project whose two APIs are there for as long as the block lasts."""
    with serving(Shop(token=f"Bearer {TOKEN}")) as shop, Web(by_page) as cities:
        (folder / ".env").write_text(f"SHOP_TOKEN={TOKEN}\n", "utf-8")
        (folder / "osiris_connections.yaml").write_text(
            f"graphql: {{shop: {{endpoint: '{shop.url}/graphql', auth_type: bearer, auth_token: '${{SHOP_TOKEN}}'}}}}\n"
            f"rest: {{shop: {{base_url: '{cities.url}', max_retries: 0}}}}\n",
            "utf-8",
        )
        (folder / "apis.yaml").write_text(OML, "utf-8")
        yield folder


def test_two_apis_are_joined_and_known_afterwards(tmp_path: Path) -> None:
    with project(tmp_path):
        before = typed(tmp_path, "compile", "apis.yaml", "--json").document
        planned = typed(tmp_path, "plan", "apis.yaml", "--json")
        done = typed(tmp_path, "run", "apis.yaml", "--json")
    after = typed(tmp_path, "compile", "apis.yaml", "--strict", "--json")
    assert {note["code"] for note in before["diagnostics"]} == {"OSR-TYP-001"}
    assert (planned.code, done.code, after.code) == (0, 0, 0), done.err
    assert after.document["diagnostics"] == []
    assert after.document["manifest_hash"] in planned.out
    assert (tmp_path / "joined.csv").read_text("utf-8").splitlines() == [
        "id,customer,city", "o1,,Brno", "o2,Ada,Brno", "o3,,Brno", "o4,Ada,Brno", "o5,,Brno"
    ]  # fmt: skip
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert not [True for content in kept if TOKEN.encode() in content]


def test_a_query_that_changes_something_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    with project(tmp_path) as folder:
        wiping = OML.replace("query ($after: String) {", "mutation { wipe } query ($after: String) {")
        (folder / "apis.yaml").write_text(wiping, "utf-8")
        done = typed(folder, "compile", "apis.yaml", "--json")
    assert done.code == 3
    assert "a mutation is refused" in done.out


def test_an_api_without_a_connection_is_asked_by_plan_alone(tmp_path: Path) -> None:
    with serving() as shop:
        step = {
            "id": "s",
            "component": "graphql.extractor",
            "mode": "read",
            "config": {"endpoint": f"{shop.url}/graphql", "query": "{ shop }"},
        }
        out = "{id: o, component: filesystem.csv_writer, mode: write, needs: [s], config: {path: o.csv}}"
        oml = f'oml_version: "0.1.0"\nname: alone\nsteps:\n  - {step}\n  - {out}\n'
        (tmp_path / "alone.yaml").write_text(oml, "utf-8")
        assert typed(tmp_path, "compile", "alone.yaml").code == 0
        assert shop.asked == []
        planned = typed(tmp_path, "plan", "alone.yaml", "--json")
        assert planned.code == 0, planned.err
        assert len(shop.asked) == 1
        assert typed(tmp_path, "run", "alone.yaml").code == 0
    assert (tmp_path / "o.csv").read_text("utf-8") == "data.shop\nBrno\n".replace("data.", "")
