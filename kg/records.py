"""The names that tables, graph and tensors share: one place for each."""

from __future__ import annotations

from typing import Final

#: Stands for the time of an event whose order alone is known.
NO_TIME: Final = -(2**63)

#: Kinds of interaction, in the order of their codes in tensors.
KINDS: Final = ("view", "click", "cart", "purchase", "return", "rate")

#: Relationship type of each kind of event between a user and a product.
RELATIONSHIPS: Final = {
    "view": "VIEWED",
    "click": "CLICKED",
    "cart": "CARTED",
    "purchase": "PURCHASED",
    "return": "RETURNED",
    "rate": "RATED",
    "review": "REVIEWED",
}

#: Columns of each table; the first ones, as many as ``REQUIRED`` says, must be there.
TABLES: Final = {
    "products": (
        "product_id",
        "title",
        "description",
        "brand",
        "category",
        "attributes",
        "price",
        "stock",
        "image",
        "created_at",
        "valid_from",
        "delisted",
    ),
    "users": ("user_id",),
    "interactions": (
        "user_id",
        "product_id",
        "kind",
        "occurred_at",
        "position",
        "quantity",
        "price",
        "rating",
        "order_id",
        "session_id",
        "interaction_id",
    ),
    "relations": ("product_id", "relation", "other_id", "valid_from"),
    "follows": ("user_id", "follows_id", "occurred_at"),
    "reviews": ("user_id", "product_id", "rating", "title", "text", "occurred_at"),
    "searches": ("query", "user_id", "session_id", "product_id", "occurred_at"),
    "deletions": ("table", "id", "occurred_at"),
}

#: Tables whose rows have an id, and so can be deleted.
DELETABLE: Final = ("users", "products", "interactions", "reviews", "searches")

#: How many of a table's first columns a source must have.
REQUIRED: Final = {
    "products": 1,
    "users": 1,
    "interactions": 2,
    "relations": 3,
    "follows": 2,
    "reviews": 2,
    "searches": 1,
    "deletions": 2,
}
