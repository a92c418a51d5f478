"""What a metadata record of the Amazon data sets says of its product, release by release.

The same things have other names, and other dirt, in each release:

==============  =====================  ======================  ================================
ours            2014                   2018                    2023
==============  =====================  ======================  ================================
product_id      asin                   asin                    parent_asin, which reviews join on
title           title                  title                   title
description     description            description (a list)    description (a list)
brand           brand                  brand                   store
category        categories (lists)     category (one path)     categories (one path)
price           price                  price (``$12.99``)      price
image           imUrl                  imageURL…, image        images
attributes                             feature, tech1, tech2,  features, details
                                       details
created_at                             date                    Date First Available of details
==============  =====================  ======================  ================================

Texts lose their tags and are unescaped (``&amp;``); scripts and styles, which were cut out of pages
by mistake, say nothing. A price may be a range, whose lower end is the price and whose upper end
``price_high``; a price that means nothing is kept as ``price_text``. A feature of a few words is an
attribute, a longer one joins the description; a detail is an attribute ``name=value`` unless it
names this one product, such as its UPC.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ingestion.json_lines import Record

#: Names of the relations to other products, as the releases spell them.
RELATIONS: Final = {
    "also_bought": "also_bought",
    "also_buy": "also_bought",
    "also_viewed": "also_viewed",
    "also_view": "also_viewed",
    "bought_together": "bought_together",
    "buy_after_viewing": "bought_after_viewing",
}

#: A feature of more characters is a sentence, not a property that products share.
LONGEST_FEATURE: Final = 40

#: Details, in small letters, that name one product and so join it to no other.
OWN_DETAILS: Final = frozenset(
    (
        *("asin", "upc", "ean", "isbn-10", "isbn-13", "item model number", "part number"),
        *("manufacturer part number", "model number", "best sellers rank", "customer reviews"),
        *("amazon best sellers rank", "average customer review", "date first available"),
        *("date first listed on amazon", "domestic shipping", "international shipping"),
        *("shipping advisory", "shipping information", "is discontinued by manufacturer"),
    )
)

FIRST_AVAILABLE: Final = ("date first available", "date first listed on amazon")

_AMOUNT: Final = r"(?:US)?\$?\s*([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]*\.?[0-9]+)"
_PRICE: Final = re.compile(rf"(?:from\s+)?{_AMOUNT}(?:\s*[-–]\s*{_AMOUNT})?", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z!][^>]*>")
#: Scripts and styles that were cut out of a page in place of a value.
_PAGE: Final = re.compile(r"getTime\(\)|[.#][\w-]+\s*\{|function\s*\(")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            *(("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr")),
            *(("may",), ("june", "jun"), ("july", "jul"), ("august", "aug")),
            *(("september", "sep", "sept"), ("october", "oct"), ("november", "nov")),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_LONG_DATE: Final = re.compile(r"([A-Za-z]+)\.? ([0-9]{1,2}), ([0-9]{4})")


def product_id(record: Record) -> str:
    """The id that reviews name; empty if there is none."""
    return text(record.get("parent_asin") or record.get("asin"))


def product_row(record: Record) -> Record:
    """The product as a row of the contract; columns that are empty are left out."""
    details = dict(_details(record))
    features = [text(item) for item in _listed(record, "feature", "features")]
    long = [item for item in features if len(item) > LONGEST_FEATURE]
    description = [text(item) for item in _listed(record, "description")]
    named = [f"{name}={value}" for name, value in details.items() if _is_shared(name, value)]
    price, high, odd = parse_price(record.get("price"))
    rank = record.get("salesRank")
    row: Record = {
        "product_id": product_id(record),
        "title": text(record.get("title")),
        "description": "\n".join(filter(None, [*description, *long])),
        "brand": _brand(record, details),
        "category": list(_categories(record)),
        "attributes": list(
            dict.fromkeys([*(item for item in features if item and item not in long), *named])
        ),
        "price": price,
        "price_high": high,
        "price_text": odd,
        "image": _image(record),
        "created_at": _first_available(record, details),
        "main_category": text(record.get("main_cat") or record.get("main_category")),
        "sales_rank": next((n for n in rank.values() if isinstance(n, int)), None)
        if isinstance(rank, dict)
        else None,
        "average_rating": _number(record.get("average_rating")),
        "rating_number": _number(record.get("rating_number")),
    }
    return row


def relation_rows(record: Record) -> Iterator[tuple[str, str, str]]:
    """The product, each relation and each other product, as rows of the contract."""
    here = product_id(record)
    related = record.get("related")
    for said in (record, related if isinstance(related, dict) else {}):
        for name, relation in RELATIONS.items():
            others = said.get(name)
            if isinstance(others, list):
                for other in dict.fromkeys(filter(None, map(text, others))):
                    yield here, relation, other


def text(value: object) -> str:
    """The value as plain text; empty if it is none, or the remains of a page."""
    if value is None or isinstance(value, (list, dict, bool)):
        return ""
    plain = html.unescape(_TAG.sub(" ", str(value))).strip()
    return "" if _PAGE.search(plain) else plain


def parse_price(value: object) -> tuple[float | None, float | None, str]:
    """The price, the upper end of a range, and the text of what means nothing."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (float(value), None, "") if value >= 0 else (None, None, str(value))
    told = text(value)
    found = _PRICE.fullmatch(told)
    if found is None:
        return None, None, told if told not in ("None", "—", "-") else ""
    low, high = (None if end is None else float(end.replace(",", "")) for end in found.groups())
    return low, high, ""


def _listed(record: Record, *names: str) -> list[Any]:
    for name in names:
        value = record.get(name)
        if value:
            return value if isinstance(value, list) else [value]
    return []


def _brand(record: Record, details: dict[str, str]) -> str:
    told = text(record.get("brand")) or text(details.get("Brand")) or text(record.get("store"))
    # Pages of 2018 said "by" on a line of its own.
    return re.sub(r"^by\s*\n\s*", "", told)


def _categories(record: Record) -> Iterator[str]:
    told = _listed(record, "category", "categories")
    for path in told if told and isinstance(told[0], list) else [told]:
        levels = []
        for level in path:
            plain = text(level)
            if not plain or _TAG.search(str(level)):
                break  # from here on it is page, not path
            levels.append(plain)
        if levels:
            yield " > ".join(levels)


def _details(record: Record) -> Iterator[tuple[str, str]]:
    for source in ("details", "tech1", "tech2"):
        told = record.get(source)
        if isinstance(told, dict):
            for name, value in told.items():
                plain, said = text(name).rstrip(": \u200e\u200f").strip(), text(value)
                if plain and said:
                    yield plain, said.strip("\u200e\u200f ")


def _is_shared(name: str, value: str) -> bool:
    return name.lower() not in OWN_DETAILS and name != "Brand" and len(value) <= LONGEST_FEATURE


def _image(record: Record) -> str:
    for image in _listed(record, "imUrl", "imageURLHighRes", "imageURL", "images", "image"):
        if isinstance(image, dict):
            image = image.get("hi_res") or image.get("large") or image.get("thumb")
        if address := text(image):
            return address
    return ""


def _first_available(record: Record, details: dict[str, str]) -> str:
    """The day as ISO 8601; empty where it is not told, or not understood."""
    by_name = {name.lower(): value for name, value in details.items()}
    told: Iterable[str] = (text(record.get("date")), *(by_name.get(n, "") for n in FIRST_AVAILABLE))
    for date in told:
        found = _LONG_DATE.fullmatch(date)
        if found and (month := _MONTHS.get(found[1].lower())):
            return f"{found[3]}-{month:02}-{int(found[2]):02}"
    return ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
