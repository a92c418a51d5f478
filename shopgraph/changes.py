"""What has changed since the live run, and whether that can be gone on from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from gnn import runs
from gnn.choice import Settings
from gnn.histories import Histories
from gnn.knowledge import Knowledge
from gnn.protocols import arrived as arrivals
from gnn.protocols.task import Task
from gnn.tensors import ingested_of
from kg.connection import Graph
from kg.publish import read_live_run
from kg.read import ShopTensors
from kg.records import KINDS, NO_TIME

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Changes:
    """What is new in the graph since a run.

    Shapes:
        arrived: (events,) bool
    """

    arrived: npt.NDArray[np.bool_]
    gone: int
    new_users: int
    new_products: int
    texts: int

    @property
    def none(self) -> bool:
        """Whether a new run would be the same."""
        return not (self.arrived.any() or self.gone or self.new_products or self.texts)

    def facts(self) -> dict[str, int]:
        """The counts for a record."""
        return {
            "arrived": int(np.count_nonzero(self.arrived)),
            "gone": self.gone,
            "new_users": self.new_users,
            "new_products": self.new_products,
            "texts": self.texts,
        }


@dataclass(frozen=True)
class Shop:
    """What one retraining works on."""

    tensors: ShopTensors
    histories: Histories
    knowledge: Knowledge
    target: int
    until: datetime | None
    device: torch.device

    @property
    def now(self) -> int:
        """The cutoff in milliseconds, ``NO_TIME`` without times."""
        return NO_TIME if self.until is None else round(self.until.timestamp() * 1000)


def live_run(graph: Graph, folder: Path) -> runs.Run | None:
    """The live run, where its folder is still here."""
    run_id = read_live_run(graph)
    if run_id is None:
        return None
    try:
        return runs.load_run(folder, run_id)
    except runs.UnknownRunFolder as error:
        log.warning("%s: it is trained from the beginning", error)
        return None


def find_changes(
    tensors: ShopTensors, histories: Histories, live: runs.Run, texts: int
) -> Changes | None:
    """What the live run has not seen; None where it does not say what it has.

    What came in after its bookmark is new, and what happened after its cutoff, which a load may
    have brought before.
    """
    if live.bookmark_ms is None or "events" not in live.counts:
        return None
    arrived = ingested_of(tensors.data) > live.bookmark_ms
    if live.cutoff is not None:
        cutoff = datetime.fromisoformat(live.cutoff).timestamp() * 1000
        arrived |= (histories.time != NO_TIME) & (histories.time >= cutoff)
    stayed = int(np.count_nonzero(~arrived))
    return Changes(
        arrived,
        max(0, live.counts["events"] - stayed),
        max(0, len(histories) - live.counts["users"]),
        max(0, histories.num_products - live.counts["products"]),
        texts,
    )


def new_task(
    shop: Shop, live: runs.Run, changes: Changes, days: float, min_users: int
) -> Task | None:
    """The held-out part of what has arrived; None where too few could be asked."""
    cutoff = None
    if live.cutoff is not None:
        cutoff = round(datetime.fromisoformat(live.cutoff).timestamp() * 1000)
    try:
        task = arrivals.hold_out(shop.histories, changes.arrived, shop.target, days, cutoff)
    except ValueError as error:
        log.info("nothing new to be judged by: %s", error)
        return None
    return task if len(task.queries) >= min_users else None


def why_full(
    shop: Shop,
    live: runs.Run | None,
    changes: Changes | None,
    task: Task | None,
    grid: Sequence[Settings] | None,
    full_above: float,
) -> str | None:
    """Why the live run cannot be gone on from; None where it can."""
    if live is None:
        return "there is no live run"
    if changes is None:
        return "the live run does not say what it has seen"
    if KINDS[shop.target] != live.target_kind:
        return f"recommendations aim at {KINDS[shop.target]} now, not at {live.target_kind}"
    if grid is not None:
        given = Settings(live.model, live.training).as_given()
        if given not in [settings.as_given() for settings in grid]:
            return "the settings are not the live run's"
    changed = int(np.count_nonzero(changes.arrived)) + changes.gone
    share = changed / max(1, live.counts["events"])
    if share > full_above:
        return f"{share:.0%} of the events are new or gone, more than {full_above:.0%}"
    if task is None:
        return "too few users did something new to be judged by"
    return None
