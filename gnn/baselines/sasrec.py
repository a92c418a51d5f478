"""SASRec (Kang & McAuley, 2018) with sampled softmax, from RecTools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from gnn.behaviour import Kinds
from gnn.histories import Histories
from gnn.peers.sequences import SequenceRecommender, fit_sequences
from gnn.recommender import Context

TRAINS = True


@dataclass(frozen=True)
class Settings:
    """One block, one head, 256 negatives: those of the eSASRec study's leave-one-out table.

    There ``factors`` are 256 and training takes up to 200 epochs; two cores get on faster with
    half the width first. Three times the rate takes eSASRec to its best on Office in less than
    half the epochs.
    """

    factors: int = 128
    blocks: int = 1
    heads: int = 1
    dropout: float = 0.2
    negatives: int = 256
    length: int = 50
    learning_rate: float = 1e-3
    batch: int = 128
    epochs: int = 200
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        sizes = (self.factors, self.blocks, self.heads, self.negatives, self.length, self.epochs)
        if min(sizes) < 1 or self.batch < 1:
            raise ValueError(f"sizes must be at least 1 (got {self})")
        if not 0 <= self.dropout < 1 or self.learning_rate <= 0:
            raise ValueError(f"dropout must lie in [0, 1) and the rate above 0 (got {self})")

    def arguments(self) -> dict[str, Any]:
        """What RecTools calls them."""
        return {
            "n_factors": self.factors,
            "n_blocks": self.blocks,
            "n_heads": self.heads,
            "dropout_rate": self.dropout,
            "loss": "sampled_softmax",
            "n_negatives": self.negatives,
            "session_max_len": self.length,
            "lr": self.learning_rate,
            "batch_size": self.batch,
            "ligr": False,
        }


AXES = {
    "kinds": get_args(Kinds)[::2],
    "learning_rate": (1e-3, 3e-3),
    "factors": (128, 256),
}


def fit(train: Histories, settings: Settings, context: Context) -> SequenceRecommender:
    """Train until validation gets worse.

    Raises:
        MissingInput: there is no environment with RecTools.
    """
    return fit_sequences(train, settings, context, settings.arguments())
