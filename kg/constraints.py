"""What every query for a page lets a shop ask of its answers, and the types these come in."""

from __future__ import annotations

from typing import Final

#: Described in ``cypher/recommend/for_user.cypher``; all are optional.
CONSTRAINTS: Final = {
    "in_stock": "BOOLEAN",
    "price_from": "FLOAT",
    "price_to": "FLOAT",
    "categories": "LIST<STRING>",
    "brands": "LIST<STRING>",
    "exclude": "LIST<STRING>",
    "exclude_seen": "BOOLEAN",
    "exclude_bought": "BOOLEAN",
    "per_brand": "INTEGER",
    "per_category": "INTEGER",
    "diversity": "FLOAT",
}

#: In queries about products, whose history ``exclude_seen`` and ``exclude_bought`` mean.
WHOSE: Final = {"user_id": "STRING"}
