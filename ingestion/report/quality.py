"""What a load brought, gathered while it goes by."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np
import pandas as pd

from ingestion.blocks import Block, Rejects
from ingestion.identity import EVENTS
from ingestion.report.distributions import Amounts, Moments, trimmed
from ingestion.sheet import Cleaned
from kg.tally import KeyArray, Tally

#: Rejected rows shown for each reason, and characters of each.
EXAMPLES: Final = 5
EXAMPLE_LENGTH: Final = 200

#: Columns whose amounts are told, by table.
AMOUNTS: Final = {
    "products": ("price", "stock"),
    "interactions": ("price", "quantity", "rating"),
    "reviews": ("rating",),
}

#: Degrees fall into bins of powers of two; this many suffice for any.
DEGREE_BINS: Final = 40


class Quality:
    """Counts, distributions and examples of one load.

    Users and products take 16 bytes of memory each; events and rejected rows take none.
    """

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._filled: dict[str, Counter[str]] = {}
        self._kinds: Counter[str] = Counter()
        self._guests = 0
        self._amounts: dict[str, Amounts] = {}
        self._moments = Moments()
        self._examples: dict[str, list[dict[str, Any]]] = {}
        self._rejected: Counter[str] = Counter()
        self._spelling: dict[str, dict[str, str]] = {}
        self._currencies: Counter[str] = Counter()
        # Who has events, and who is described.
        self._active = {"user_id": Tally(), "product_id": Tally()}
        self._described = {"user_id": Tally(), "product_id": Tally()}

    def note(self, cleaned: Cleaned, block: Block | None = None) -> None:
        """Count a block's rows: what is kept, of all that ``block`` was."""
        table, frame = cleaned.table, cleaned.frame
        if block is None or not block.derived:
            self.note_rejects(cleaned.rejects)
        if block is not None and not block.derived:
            self._rows[table] += len(block.frame) + len(block.rejects)
        if block is not None:
            for column, spelling in block.spelling.items():
                if spelling.why:
                    self._spelling[f"{table}.{column}"] = {
                        "dates": spelling.dates,
                        "decimal": spelling.decimal,
                        "zone": spelling.zone,
                        "why": spelling.why,
                    }
        self._kept[table] += len(frame)
        if not len(frame):
            return
        filled = self._filled.setdefault(table, Counter())
        for name in frame.columns.difference(["line", "interaction_id"]):
            values = frame[name]
            lists = values.dtype == object
            filled[str(name)] += int(values.astype(bool).sum() if lists else values.notna().sum())
        for name in AMOUNTS.get(table, ()):
            if name in frame:
                amounts = self._amounts.setdefault(f"{table}.{name}", Amounts())
                amounts.add(frame[name].to_numpy(np.float64, na_value=np.nan))
        if "currency" in frame:
            counts = frame["currency"].value_counts()
            self._currencies.update({str(name): int(n) for name, n in counts.items()})
        if table in EVENTS:
            self._note_events(table, frame)
        elif table in ("users", "products"):
            _count(self._described[f"{table[:-1]}_id"], frame[f"{table[:-1]}_id"])

    def merge(self, other: Quality) -> None:
        """Count what another has counted of other rows of the same load."""
        for mine, others in (
            (self._rows, other._rows),
            (self._kept, other._kept),
            (self._kinds, other._kinds),
            (self._rejected, other._rejected),
            (self._currencies, other._currencies),
        ):
            mine.update(others)
        for table, filled in other._filled.items():
            self._filled.setdefault(table, Counter()).update(filled)
        for name, amounts in other._amounts.items():
            self._amounts.setdefault(name, Amounts()).merge(amounts)
        for reason, examples in other._examples.items():
            mine_too = self._examples.setdefault(reason, [])
            mine_too += examples[: EXAMPLES - len(mine_too)]
        self._guests += other._guests
        self._moments.merge(other._moments)
        self._spelling.update(other._spelling)
        for name in self._active:
            self._active[name].add(*other._active[name].items())
            self._described[name].add(*other._described[name].items())

    def note_rejects(self, rejects: Rejects) -> None:
        """Count refused rows, and keep the first of each reason."""
        self._rejected.update(rejects.counts())
        for reason, rows in rejects.frame.groupby("reason", sort=False):
            examples = self._examples.setdefault(str(reason), [])
            for row in rows.head(EXAMPLES - len(examples)).to_dict("records"):
                text = str(row["row"])[:EXAMPLE_LENGTH]
                examples.append({"file": row["file"], "line": int(row["line"]), "row": text})

    def _note_events(self, table: str, frame: pd.DataFrame) -> None:
        whole = pd.Series(table[:-1], index=frame.index)
        kinds = frame["kind"] if table == "interactions" else whole
        for kind, events in frame.groupby(kinds, sort=False):
            self._kinds[str(kind)] += len(events)
            if "occurred_at" in events:
                self._moments.add(str(kind), events["occurred_at"])
        if table != "interactions":
            return
        self._guests += int(frame["user_id"].isna().sum())
        for name, tally in self._active.items():
            _count(tally, frame[name].dropna())

    def told(self) -> dict[str, Any]:
        """Everything gathered, as JSON has it."""
        return {
            "tables": {
                table: {
                    "rows": self._rows[table],
                    "kept": self._kept[table],
                    "filled": {
                        name: count / self._kept[table]
                        for name, count in sorted(self._filled.get(table, {}).items())
                    },
                }
                for table in sorted(self._kept.keys() | self._rows.keys())
            },
            "kinds": dict(self._kinds.most_common()),
            "guests": self._guests,
            "rejected": dict(self._rejected.most_common()),
            "examples": self._examples,
            "spelling": self._spelling,
            "currencies": dict(self._currencies.most_common()),
            "amounts": {
                name: told for name, amounts in self._amounts.items() if (told := amounts.told())
            },
            "times": self._moments.told(),
            "users": self._people("user_id"),
            "products": self._people("product_id"),
        }

    def _people(self, name: str) -> dict[str, Any]:
        """Users or products: how many, how busy, and who is on one side alone."""
        active, events = self._active[name].items()
        described, _ = self._described[name].items()
        bins = np.bincount(np.frexp(events.astype(np.float64))[1], minlength=1)[:DEGREE_BINS]
        return {
            "active": len(active),
            "described": len(described),
            "undescribed": int((~np.isin(active, described)).sum()),
            "idle": int((~np.isin(described, active)).sum()),
            "events": {
                "most": int(events.max(initial=0)),
                "median": float(np.median(events)) if len(events) else 0.0,
                "once": int((events == 1).sum()),
                # Of the bin k are 2^(k-1) events up to twice as many, that not included.
                "bins": trimmed(bins.astype(np.int64)),
                "top_share": _top_share(events),
            },
        }


def _count(tally: Tally, ids: pd.Series) -> None:
    codes, distinct = pd.factorize(ids)
    keys = pd.util.hash_array(np.asarray(distinct, dtype=object), categorize=False)
    order = np.argsort(keys)
    counts = np.bincount(codes, minlength=len(distinct)).astype(np.uint64)
    tally.add(keys[order], counts[order])


def _top_share(events: KeyArray) -> float:
    """The share of all events that the busiest tenth has."""
    if not len(events):
        return 0.0
    top = np.sort(events)[-max(1, len(events) // 10) :]
    return float(top.sum() / events.sum())
