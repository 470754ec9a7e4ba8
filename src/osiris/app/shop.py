"""The shop of the demo: the same rows on every machine, with the dirt of real data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import pyarrow as pa

SEED = 20_250_101
CUSTOMERS = 3_000
PRODUCTS = 240
ORDERS = 12_000
FIRST_DAY = date(2024, 1, 1)
DAYS = 540
MONEY = pa.decimal128(10, 2)

_FIRST = [
    "Ada",
    "Ben",
    "Carla",
    "Dan",
    "Eva",
    "Filip",
    "Greta",
    "Hugo",
    "Ines",
    "Jan",
    "Karla",
    "Leo",
    "Mia",
    "Noel",
    "Olga",
    "Petr",
    "Rosa",
    "Šimon",
    "Tereza",
    "Zoë",
]
_LAST = [
    "Adler",
    "Bauer",
    "Černý",
    "Dvořák",
    "Evans",
    "Fischer",
    "García",
    "Horák",
    "Ivanov",
    "Jensen",
    "Kovács",
    "Lima",
    "Müller",
    "Novák",
    "Okafor",
    "Rossi",
]
_PLACES = (("Brno", "CZ"), ("Praha", "CZ"), ("Wien", "AT"), ("Berlin", "DE"), ("Kraków", "PL"), ("Milano", "IT"))
_KINDS = ("Kettle", "Lamp", "Chair", "Desk", "Mug", "Blanket", "Shelf", "Clock")
_CATEGORY = ("kitchen", "light", "furniture", "furniture", "kitchen", "textile", "furniture", "decoration")
_COLOURS = ("white", "black", "red", "green", "blue", "oak")
_STATUSES = ("delivered",) * 14 + ("shipped",) * 3 + ("cancelled",) * 3


@dataclass(frozen=True)
class ShopTable:
    """One table of the shop."""

    name: str
    primary_key: tuple[str, ...]
    rows: pa.Table


def shop() -> tuple[ShopTable, ...]:
    """Return customers, products, orders and order lines, about 40 000 rows in all.

    What is wrong with them on purpose: e-mail addresses that are NULL or given twice, orders of nobody, orders that
    were cancelled, discounts that are NULL where there is none.
    """
    luck = Random(SEED)  # noqa: S311 - rows, not secrets
    prices = [Decimal(luck.randrange(390, 60_000)) / 100 for _ in range(PRODUCTS)]
    buyers = list(range(1, CUSTOMERS + 1))
    luck.shuffle(buyers)
    orders = [_order(luck, number, buyers) for number in range(1, ORDERS + 1)]
    lines = [line for order in orders for line in _lines(luck, order[0], prices)]
    return (
        _table("customers", ("customer_id",), _CUSTOMERS, _customers(luck)),
        _table("products", ("product_id",), _PRODUCTS, _products(prices)),
        _table("orders", ("order_id",), _ORDERS, iter(orders)),
        _table("order_lines", ("order_id", "line_no"), _ORDER_LINES, iter(lines)),
    )


def _schema(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


_CUSTOMERS = _schema(
    customer_id=pa.int64(),
    name=pa.string(),
    email=pa.string(),
    city=pa.string(),
    country=pa.string(),
    joined_on=pa.date32(),
)
_PRODUCTS = _schema(product_id=pa.int64(), name=pa.string(), category=pa.string(), price=MONEY)
_ORDERS = _schema(order_id=pa.int64(), customer_id=pa.int64(), ordered_on=pa.date32(), status=pa.string())
_ORDER_LINES = _schema(
    order_id=pa.int64(),
    line_no=pa.int32(),
    product_id=pa.int64(),
    quantity=pa.int32(),
    unit_price=MONEY,
    discount=pa.decimal128(4, 2),
)

Row = tuple[Any, ...]
T = TypeVar("T")


def _customers(luck: Random) -> Iterator[Row]:
    known: list[str] = []
    for number in range(1, CUSTOMERS + 1):
        first, last = _pick(luck, _FIRST), _pick(luck, _LAST)
        email: str | None = f"{first}.{last}.{number}@example.com".lower()
        if known and luck.random() < 0.02:  # noqa: PLR2004 - the same person, a second time
            email = _pick(luck, known)
        elif luck.random() < 0.04:  # noqa: PLR2004 - nobody asked for it
            email = None
        known += [email] if email else []
        city, country = _pick(luck, _PLACES)
        told = country if luck.random() > 0.05 else None  # noqa: PLR2004 - some don't say
        yield number, f"{first} {last}", email, city, told, _day(luck)


def _products(prices: list[Decimal]) -> Iterator[Row]:
    for number, price in enumerate(prices, 1):
        kind = number % len(_KINDS)
        name = f"{_KINDS[kind]}, {_COLOURS[number % len(_COLOURS)]}, no. {number}"
        yield number, name, _CATEGORY[kind], price


def _order(luck: Random, number: int, buyers: list[int]) -> Row:
    """Return one order: some customers buy much more than others, and one order in a hundred is nobody's."""
    buyer = buyers[int(CUSTOMERS * luck.random() ** 1.5)]
    customer = buyer if luck.random() > 0.01 else None  # noqa: PLR2004 - a guest
    return number, customer, _day(luck), _pick(luck, _STATUSES)


def _lines(luck: Random, order: int, prices: list[Decimal]) -> Iterator[Row]:
    for line in range(1, 2 + int(luck.random() * 3)):
        product = luck.randrange(PRODUCTS)
        discount = Decimal(5 * luck.randrange(1, 5)) / 100 if luck.random() < 0.2 else None  # noqa: PLR2004 - a fifth
        yield order, line, product + 1, 1 + int(luck.random() ** 2 * 5), prices[product], discount


def _day(luck: Random) -> date:
    return FIRST_DAY + timedelta(days=luck.randrange(DAYS))


def _pick(luck: Random, of: Sequence[T]) -> T:
    return of[luck.randrange(len(of))]


def _table(name: str, key: tuple[str, ...], schema: pa.Schema, rows: Iterator[Row]) -> ShopTable:
    columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return ShopTable(name, key, pa.Table.from_arrays(columns, schema=schema))
