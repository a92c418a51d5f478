"""Users as customers, as of a time: recency, frequency, money, prices and favourites.

Only what happened before T counts; T is ``until``, else a millisecond after the newest event.

visit          an order; outside orders a session; else a day (UTC); without a time each purchase
recency_days   days from the last purchase to T; none without times
frequency      visits with a purchase; one that was returned was made all the same
money          Σ quantity · price of purchases, less the same of returns; an absent quantity is 1; a
               return without a price is worth what the user paid for the product, on average by
               quantity; none where no purchase has a price
rfm            three digits from 1 to 5, such as 545: the user's fifth among those who bought, by
               recency (5 is the latest), frequency and money (5 is the most); equal users share the
               mean of their ranks; 0 where there is no value (Hughes, 1994)
price_low, price_median, price_high
               quartiles of the prices paid a piece, each purchase once: the middle half of what
               the user buys lies between low and high
favourites     the three brands and three categories with the most visits that bought them, at
               least two; then the later visit, then the earlier tensor row; share of all visits.
               Brands and categories are those of T.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from kg.connection import Graph
from kg.knowledge.profiles import (
    Favourite,
    Profile,
    UserProfile,
    read_product_links,
    read_profile_events,
    write_profiles,
)
from kg.read import read_newest_event
from kg.records import NO_TIME

DAY_MS = 86_400_000

#: Favourites of a kind that a user has at most, and the visits that each takes at least.
FAVOURITES = 3
LEAST_VISITS = 2


def profile_users(
    graph: Graph,
    now: datetime,
    until: datetime | None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Overwrite all users' profiles by what was known before ``until``.

    Returns:
        How many users have a profile.

    Raises:
        ValueError: ``until`` has no zone.
    """
    events = read_profile_events(graph, until)
    moment = until
    if moment is None and (newest := read_newest_event(graph)) is not None:
        moment = newest + timedelta(milliseconds=1)
    facts = rfm(events, None if moment is None else round(moment.timestamp() * 1000))
    dearest = {
        label: favourites(events, links)
        for label, links in read_product_links(graph, until).items()
    }
    plain = facts.astype(object).where(facts.notna(), None)
    rows = dict(zip(facts.index.tolist(), plain.to_dict("records"), strict=True))
    profiles = [
        UserProfile(
            idx,
            Profile(until=moment, computed_at=now, **{str(k): v for k, v in rows[idx].items()}),
            dearest["brand"].get(idx, ()),
            dearest["category"].get(idx, ()),
        )
        if idx in rows
        else UserProfile(idx, Profile())
        for idx in range(graph.read("read/count_rows")[0]["users"])
    ]
    write_profiles(graph, profiles, progress)
    return len(facts)


def rfm(events: pd.DataFrame, moment_ms: int | None) -> pd.DataFrame:
    """Recency, frequency, money and prices of those who bought: a row a user, by tensor row."""
    bought = _with_visits(events[~events["returned"].astype(bool)])
    by_user = bought.groupby("user")
    facts = pd.DataFrame({"frequency": by_user["visit"].nunique()})
    last = by_user["time"].max()
    known = last != NO_TIME
    facts["recency_days"] = np.nan if moment_ms is None else (moment_ms - last) / DAY_MS
    facts["recency_days"] = facts["recency_days"].where(known)
    facts["money"] = _money(bought, events[events["returned"].astype(bool)])
    for name, share in (("price_low", 0.25), ("price_median", 0.5), ("price_high", 0.75)):
        facts[name] = by_user["price"].quantile(share)
    fifths = (-facts["recency_days"], facts["frequency"], facts["money"])
    ranks = [values.rank(method="average", pct=True).fillna(0.0) for values in fifths]
    # A hair less, so that 3 of 5 in floating point is no more than 3.
    digits = [(rank * 5 - 1e-9).clip(lower=0).apply(math.ceil).astype(str) for rank in ranks]
    facts["rfm"] = digits[0] + digits[1] + digits[2]
    return facts


def favourites(events: pd.DataFrame, links: pd.DataFrame) -> dict[int, list[Favourite]]:
    """The brands or categories that users bought on the most visits, the dearest first.

    Args:
        links: columns product and target, tensor rows.
    """
    bought = _with_visits(events[~events["returned"].astype(bool)])
    visits = bought.groupby("user")["visit"].nunique()
    linked = bought.merge(links.drop_duplicates(), on="product")
    counts = linked.groupby(["user", "target"]).agg(
        visits=("visit", "nunique"), last=("time", "max")
    )
    counts = counts[counts["visits"] >= LEAST_VISITS].reset_index()
    counts = counts.sort_values(
        ["user", "visits", "last", "target"], ascending=[True, False, False, True]
    )
    counts = counts.groupby("user").head(FAVOURITES)
    share = counts["visits"] / counts["user"].map(visits)
    columns = (counts["user"], counts["target"], counts["visits"], share)
    found: dict[int, list[Favourite]] = {}
    for user, *favourite in zip(*(column.tolist() for column in columns), strict=True):
        found.setdefault(user, []).append(Favourite(*favourite))
    return found


def _with_visits(bought: pd.DataFrame) -> pd.DataFrame:
    """Purchases that all name their visit."""
    day = bought["time"] // DAY_MS
    own = pd.Series(bought.index, index=bought.index)
    apart = ("d" + day.astype(str)).where(bought["time"] != NO_TIME, "e" + own.astype(str))
    return bought.assign(visit=bought["visit"].where(bought["visit"] != "", apart))


def _money(bought: pd.DataFrame, returned: pd.DataFrame) -> pd.Series:
    """What users paid less what they got back; none for those who never paid a known price."""
    priced = bought[bought["price"].notna()]
    paid = priced.assign(money=priced["quantity"] * priced["price"])
    by_product = paid.groupby(["user", "product"])[["money", "quantity"]].sum()
    mean = (by_product["money"] / by_product["quantity"]).rename("mean").reset_index()
    back = returned.merge(mean, on=["user", "product"], how="left")
    worth = back["quantity"] * back["price"].fillna(back["mean"]).fillna(0.0)
    given_back = worth.groupby(back["user"]).sum()
    total = paid.groupby("user")["money"].sum()
    return total.sub(given_back.reindex(total.index, fill_value=0.0))
