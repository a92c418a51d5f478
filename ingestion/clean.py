"""The rules that rows of the tables must keep.

A row is refused for the first rule it breaks, in the order written here:

==========================  ==================================================================
missing-COLUMN              a required id, or a relation's name, or a search's query, is empty;
                            an event without a user is a guest's: only purchases of an order
overlong-COLUMN             an id or a name that the graph looks up has over 1000 characters
unknown-kind                an interaction of another kind than the six
unknown-table               a deletion from a table whose rows have no id
bad-time                    not ISO 8601, or before 1900, or from 2200 on
bad-position                not a whole number from 0
bad-quantity                not a finite number from 0; 0 for a purchase or a return
bad-price, bad-rating,      not a finite number, a price below 0, a stock that is not whole
bad-stock
bad-delisted                neither 1, true, yes nor 0, false, no (nothing is no)
==========================  ==================================================================

Ids are text: they are trimmed and otherwise left as they are, so 007 is not 7, nor a1 A1. Numbers
are plain decimals and times ISO 8601, unless the block's spelling says otherwise; a price may stand
beside its currency.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from ingestion.blocks import Block
from ingestion.sheet import LONGEST_KEY, Cleaned, Sheet
from kg.records import DELETABLE, KINDS, TABLES

#: What stands between the values of one field, and what between the levels of a category.
BETWEEN: Final = "|"
LEVEL: Final = " > "
_LEVEL_MARK: Final = re.compile(r"(?<!\S)>(?!\S)")


def clean(block: Block) -> Cleaned:
    """Type the rows of a block and refuse those that break a rule; where blocks end is no matter.

    Columns that the source lacks are lacking, required ones and an interaction's kind apart.
    """
    sheet = Sheet(block)
    RULES[block.table](sheet)
    sheet.extras((*TABLES[block.table], "interaction_id"))
    return sheet.done()


def _products(sheet: Sheet) -> None:
    sheet.key("product_id", required=True)
    sheet.text("title")
    sheet.text("description")
    sheet.key("brand")
    _listed(sheet, "category", split_categories)
    _listed(sheet, "attributes", split_attributes)
    sheet.money("price")
    sheet.whole("stock")
    sheet.text("image")
    sheet.time("created_at")
    sheet.time("valid_from")
    sheet.flag("delisted")


def _users(sheet: Sheet) -> None:
    sheet.key("user_id", required=True)


def _interactions(sheet: Sheet) -> None:
    kind = sheet.raw("kind").str.lower().fillna("purchase")
    guest = sheet.raw("user_id").isna()
    at_home = (kind == "purchase") & sheet.raw("order_id").notna()
    sheet.refuse((guest & ~at_home).to_numpy(bool), "missing-user_id")
    sheet.key("user_id")
    sheet.key("product_id", required=True)
    sheet.refuse(~kind.isin(KINDS).to_numpy(bool), "unknown-kind")
    sheet.columns["kind"] = kind
    sheet.time("occurred_at")
    sheet.whole("position", least=0)
    sheet.number("quantity", least=0)
    if sheet.has("quantity"):
        none = np.asarray(sheet.columns["quantity"]) == 0
        sheet.refuse(none & kind.isin(["purchase", "return"]).to_numpy(bool), "bad-quantity")
    sheet.money("price")
    sheet.number("rating")
    for name in ("order_id", "session_id", "interaction_id"):
        sheet.key(name)


def _relations(sheet: Sheet) -> None:
    for name in ("product_id", "relation", "other_id"):
        sheet.key(name, required=True)
    sheet.time("valid_from")


def _follows(sheet: Sheet) -> None:
    for name in ("user_id", "follows_id"):
        sheet.key(name, required=True)
    sheet.time("occurred_at")


def _reviews(sheet: Sheet) -> None:
    for name in ("user_id", "product_id"):
        sheet.key(name, required=True)
    sheet.number("rating")
    sheet.text("title")
    sheet.text("text")
    sheet.time("occurred_at")
    sheet.key("interaction_id")


def _searches(sheet: Sheet) -> None:
    sheet.key("query", required=True)
    for name in ("user_id", "session_id", "product_id"):
        sheet.key(name)
    sheet.time("occurred_at")
    sheet.key("interaction_id")


def _deletions(sheet: Sheet) -> None:
    sheet.key("table", required=True)
    sheet.refuse(~sheet.raw("table").isin(DELETABLE).to_numpy(bool), "unknown-table")
    sheet.key("id", required=True)
    sheet.time("occurred_at")


RULES: Final[dict[str, Callable[[Sheet], None]]] = {
    "products": _products,
    "users": _users,
    "interactions": _interactions,
    "relations": _relations,
    "follows": _follows,
    "reviews": _reviews,
    "searches": _searches,
    "deletions": _deletions,
}


def split_categories(text: str) -> list[str]:
    """The paths of a category field, ``A > B|C`` → ``['A > B', 'C']``; empty levels are dropped."""
    levels = ([part.strip() for part in _LEVEL_MARK.split(path)] for path in text.split(BETWEEN))
    paths = (LEVEL.join(filter(None, path)) for path in levels)
    return list(dict.fromkeys(filter(None, paths)))


def split_attributes(text: str) -> list[str]:
    """The keys of an attribute field, ``a = b|c`` → ``['a=b', 'c']``; a name without value goes."""
    keys = []
    for part in text.split(BETWEEN):
        name, mark, value = (piece.strip() for piece in part.partition("="))
        if value or not mark:
            keys.append(f"{name}={value}" if name and mark else name or value)
    return list(dict.fromkeys(filter(None, keys)))


def _listed(sheet: Sheet, name: str, split: Callable[[str], list[str]]) -> None:
    """A field of several keys; equal fields, and there are many, are split once."""
    if not sheet.has(name):
        return
    if sheet.block.frame[name].dtype == object:
        values = sheet.block.frame[name]
        long = values.map(lambda keys: any(len(key) > LONGEST_KEY for key in keys))
        sheet.refuse(long.to_numpy(bool), f"overlong-{name}")
        sheet.columns[name] = values.map(lambda keys: list(dict.fromkeys(keys)))
    else:
        text = sheet.raw(name)
        lists = {field: split(field) for field in text.dropna().unique()}
        over = [field for field, keys in lists.items() if any(len(k) > LONGEST_KEY for k in keys)]
        sheet.refuse(text.isin(over).to_numpy(bool), f"overlong-{name}")
        split_fields = [lists.get(field, []) for field in text]
        sheet.columns[name] = pd.Series(split_fields, index=text.index, dtype=object)
