"""What users are like as customers: read from their purchases, kept on their nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from kg.connection import Graph
from kg.read import EPOCH, read_pages
from kg.records import NO_TIME
from kg.until import check_zone

#: Columns of what users bought and returned.
COLUMNS = {
    **dict.fromkeys(("user", "product", "time"), "int64"),
    "returned": "bool",
    **dict.fromkeys(("quantity", "price"), "float64"),
    "visit": "object",
}

#: What a product may be a favourite for.
LINKS = {"brand": "read/product_brands", "category": "read/product_categories"}

#: Users whose profiles are written in one transaction.
BATCH_USERS = 1_000


@dataclass(frozen=True)
class Profile:
    """A user as a customer, by ``ingestion.knowledge.profiles``; all None for who never bought.

    As properties of ``User`` the names begin with ``profile_``.
    """

    until: datetime | None = None
    computed_at: datetime | None = None
    recency_days: float | None = None
    frequency: int | None = None
    money: float | None = None
    rfm: str | None = None
    price_low: float | None = None
    price_median: float | None = None
    price_high: float | None = None


@dataclass(frozen=True)
class Favourite:
    """A brand or category, by its tensor row, and how many of a user's visits bought it."""

    idx: int
    visits: int
    share: float


@dataclass(frozen=True)
class UserProfile:
    """A user's row, profile and favourites, the dearest first."""

    idx: int
    profile: Profile
    brands: Sequence[Favourite] = ()
    categories: Sequence[Favourite] = ()


def read_profile_events(graph: Graph, until: datetime | None) -> pd.DataFrame:
    """Read purchases and returns before ``until``; None takes all, those without a time too.

    Returns:
        Columns user, product (tensor rows), time (milliseconds since 1970 UTC or ``NO_TIME``),
        returned, quantity, price (NaN where unknown), visit (order or session, else empty).

    Raises:
        ValueError: ``until`` has no zone.
    """
    check_zone(until)
    until_ms = None if until is None else (until - EPOCH) // timedelta(milliseconds=1)
    pages = []
    for page in read_pages(graph.read("read/count_rows")[0]["users"]):
        params = {"until_ms": until_ms, "no_time": NO_TIME, **page}
        pages.append(pd.DataFrame(graph.read("read/profile_events", **params)[0]))
    nothing = pd.DataFrame(columns=list(COLUMNS))
    events = pd.concat([nothing, *pages], ignore_index=True).astype(COLUMNS)
    return events.assign(price=events["price"].where(events["price"] >= 0))


def read_product_links(graph: Graph, until: datetime | None) -> dict[str, pd.DataFrame]:
    """Read which brand and which categories products were of: columns product, target."""
    links = {}
    for label, name in LINKS.items():
        row = graph.read(name, until=until)[0]
        pairs = {"product": row["source"], "target": row["target"]}
        links[label] = pd.DataFrame(pairs, dtype="int64")
    return links


def write_profiles(
    graph: Graph,
    profiles: Sequence[UserProfile],
    progress: Callable[[int], None] | None = None,
) -> None:
    """Overwrite users' profiles, a batch in a transaction; who bought nothing loses theirs."""
    for start in range(0, len(profiles), BATCH_USERS):
        batch = profiles[start : start + BATCH_USERS]
        graph.write(
            "write/write_user_profiles",
            idx=[user.idx for user in batch],
            properties=[
                {f"profile_{name}": value for name, value in asdict(user.profile).items()}
                for user in batch
            ],
            **_favourites("brand", [user.brands for user in batch]),
            **_favourites("category", [user.categories for user in batch]),
        )
        if progress is not None:
            progress(len(batch))


def _favourites(label: str, lists: Sequence[Sequence[Favourite]]) -> dict[str, list[list[Any]]]:
    return {
        label: [[favourite.idx for favourite in found] for found in lists],
        f"{label}_visits": [[favourite.visits for favourite in found] for found in lists],
        f"{label}_share": [[favourite.share for favourite in found] for found in lists],
    }
