"""A real GraphQL server on loopback: a shop with pages, unions, costs and mistakes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import graphql
from tests.services.web import Asked, Reply, Web

SDL = '''
"""A moment, as ISO 8601 writes it."""
scalar DateTime
scalar Decimal

enum Status { NEW PAID }

"""Somebody who buys."""
type Customer { id: ID!, name: String, since: DateTime, tags: [String!]! }

type Line { sku: String!, pieces: Int!, price: Float }

"""What somebody bought."""
type Order {
  id: ID!
  number: Int!
  status: Status
  total: Decimal
  customer: Customer
  lines: [Line!]!
  notes(most: Int!): String
}

type PageInfo { hasNextPage: Boolean!, endCursor: String }
type OrderEdge { node: Order!, cursor: String! }
type OrderConnection { nodes: [Order!]!, edges: [OrderEdge!]!, pageInfo: PageInfo! }

union Found = Customer | Order

type Query {
  """All orders, page by page."""
  orders(first: Int!, after: String): OrderConnection
  customers: [Customer]
  cities(rows: Int!, first: Int!, after: String): CityConnection!
  search(word: String!): [Found!]!
  shop: String
  broken: String
}

type City { id: Int!, city: String!, price: Float! }
type CityConnection { nodes: [City!]!, pageInfo: PageInfo! }

type Mutation { wipe: Boolean }
type Subscription { news: String }
'''

CUSTOMERS = [
    {"id": "c1", "name": "Ada", "since": "2024-02-29T12:00:00Z", "tags": ["new", "vip"]},
    {"id": "c2", "name": None, "since": None, "tags": []},
]
ORDERS = [
    {
        "id": f"o{n}",
        "number": n,
        "status": "PAID",
        "total": f"{n}.10",
        "customer": CUSTOMERS[n % 2],
        "lines": [{"sku": "A", "pieces": n, "price": 0.5}],
    }
    for n in range(1, 6)
]


@lru_cache(maxsize=1)
def schema() -> graphql.GraphQLSchema:
    """Return the shop's schema, with what answers."""
    built = graphql.build_schema(SDL)
    assert built.query_type is not None
    answers: dict[str, Callable[..., Any]] = {
        "orders": lambda _, _info, first, after=None: _page(ORDERS, first, after),
        "customers": lambda *_: CUSTOMERS,
        "cities": _cities,
        "search": lambda _, _info, word: [CUSTOMERS[0], ORDERS[0]] if word else [],
        "shop": lambda *_: "Brno",
        "broken": _broken,
    }
    for name, answer in answers.items():
        built.query_type.fields[name].resolve = answer
    found = built.get_type("Found")
    assert isinstance(found, graphql.GraphQLUnionType)
    found.resolve_type = lambda value, *_: "Order" if "number" in value else "Customer"
    return built


def _page(rows: list[dict[str, Any]], first: int, after: str | None) -> dict[str, Any]:
    start = int(after or 0)
    some = rows[start : start + first]
    info = {"hasNextPage": start + first < len(rows), "endCursor": str(start + len(some))}
    return {"nodes": some, "edges": [{"node": row, "cursor": row["id"]} for row in some], "pageInfo": info}


def _cities(_: Any, _info: Any, rows: int, first: int, after: str | None = None) -> dict[str, Any]:
    start = int(after or 0)
    end = min(rows, start + first)
    nodes = [{"id": n, "city": "Brno", "price": n * 0.5} for n in range(start, end)]
    return {"nodes": nodes, "pageInfo": {"hasNextPage": end < rows, "endCursor": str(end)}}


def _broken(*_: Any) -> str:
    raise graphql.GraphQLError("the cellar is under water")


@lru_cache(maxsize=64)
def executed(body: bytes) -> bytes:
    """Return the answer to one request, as the server sends it."""
    asked = json.loads(body)
    result = graphql.graphql_sync(schema(), asked["query"], variable_values=asked.get("variables"))
    return json.dumps(result.formatted).encode()


@dataclass
class Shop:
    """The shop's server, and how it misbehaves.

    Attributes:
        replies: Given instead of the right answer, the first one first.
        token: What a request must bring, as `Authorization` says it; empty for nothing.
        secretive: It tells nobody its schema.
    """

    replies: list[Reply] = field(default_factory=list)
    token: str = ""
    secretive: bool = False

    def __call__(self, asked: Asked) -> Reply:
        """Answer one request."""
        headers = {"Content-Type": "application/json"}
        if asked.path != "/graphql":
            return Reply(b"nothing here", 404)
        if self.token and asked.headers.get("authorization") != self.token:
            return Reply(b'{"message": "who are you?"}', 401, headers)
        if self.secretive and b"__schema" in asked.body:
            return Reply(b'{"errors": [{"message": "introspection is not allowed"}]}', headers=headers)
        if self.replies:
            return self.replies.pop(0)
        return Reply(executed(asked.body), headers=headers)


def serving(shop: Shop | None = None) -> Web:
    """Return the server of a shop, to be entered."""
    return Web(shop or Shop())
