"""What a model is and how it is trained; a default is written here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

T = TypeVar("T")

#: What a training question is about.
Asks = Literal["next", "hidden"]


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the encoder and the parts it has; each part can be left out to see its worth."""

    dim: int = 128  #: length of what is learned of product and user vectors
    spectral: int = 0  #: for sets alone: smooth directions of the graph beside what is learned
    pools: int = 3  #: weighted sums of a history, each with its own forgetting
    mean_pools: bool = True  #: whether they are means instead
    use_text: bool = True  #: BERT vectors as product features, and words as nodes
    use_attributes: bool = True  #: brands, categories and attributes as nodes
    use_propagation: bool = True  #: messages along typed edges
    use_neighbours: bool = True  #: the sparse product–product term beside the vectors
    use_recency: bool = True  #: what is newer counts more: of a history, of popularity
    neighbours: int = 50  #: strongest product–product edges kept a product and relation
    history: int = 300  #: newest events of a user that count
    members: int = 1  #: models trained alike from other seeds, whose vectors stand side by side
    balance: tuple[float, ...] = ()  #: what learned weights of the sparse term are multiplied with

    def __post_init__(self) -> None:
        if self.spectral < 0:
            raise ValueError(f"spectral must not be negative (got {self.spectral})")
        # JSON has lists alone.
        object.__setattr__(self, "balance", tuple(self.balance))
        for name in ("dim", "pools", "neighbours", "history", "members"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1 (got {getattr(self, name)})")
        if self.spectral and self.members > 1:
            raise ValueError("what is learned from sets alone has one member (spectral is set)")


@dataclass(frozen=True)
class TrainConfig:
    """How long and how strongly to train."""

    epochs: int = 8
    patience: int = 0  #: epochs no better on validation that end a training there; 0: none do
    stop_after: int = 0  #: epochs that were best there; all the same, rates fall as for all
    learning_rate: float = 6e-3
    gate_rate: float = 5.0  #: how much faster the few weights learn that balance whole parts
    weight_decay: float = 0.0
    dropout: float = 0.8  #: share of products and attributes whose embedding is hidden in a step
    queries: int = 256  #: questions a step
    accumulate: int = 1  #: steps that are added up before the weights move
    fanout: int = 0  #: neighbours drawn a product and relation in a step; 0 for the whole graph
    negatives: int = 2_048  #: products that a step's answers are told from, drawn uniformly
    all_up_to: int = 5_000  #: so many products are not sampled: answers are told from all of them
    asks: Asks = "next"  #: what comes next, or what of a set is hidden
    new_only: bool = False  #: what a user already had does not compete for the answer
    hidden: float = 0.5  #: share of a user's products that is hidden, where "hidden" is asked
    horizon_days: float = 28.0  #: how far ahead the answers of a question lie
    lead_days: float = 0.0  #: a question is asked up to so long before what answers it
    folds: int = 4  #: users are answered from a graph without their own fold's behaviour
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "queries", "accumulate", "negatives", "folds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1 (got {getattr(self, name)})")
        for name in ("fanout", "patience", "stop_after"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative (got {getattr(self, name)})")
        if self.stop_after > self.epochs:
            raise ValueError(f"stop_after must not be above epochs (got {self.stop_after})")
        for name in ("learning_rate", "gate_rate", "horizon_days"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0 (got {getattr(self, name)})")
        if self.asks not in get_args(Asks):
            raise ValueError(f"asks must be one of {get_args(Asks)} (got {self.asks!r})")
        if not 0 < self.hidden < 1:
            raise ValueError(f"hidden must lie between 0 and 1 (got {self.hidden})")
        if self.lead_days < 0 or self.lead_days > self.horizon_days:
            raise ValueError(f"lead_days must lie within the horizon (got {self.lead_days})")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1) (got {self.dropout})")

    @property
    def last(self) -> int:
        """The epochs that are trained at most."""
        return self.stop_after or self.epochs

    def groups(self, steps: Sequence[T]) -> list[Sequence[T]]:
        """The steps in order, those together after which the weights move."""
        firsts = range(0, len(steps), self.accumulate)
        return [steps[first : first + self.accumulate] for first in firsts]
