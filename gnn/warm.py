"""Training that goes on from a run's weights instead of beginning anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gnn.config import TrainConfig

#: What is learned goes on in smaller steps than it began with.
SLOWER = 0.2

#: Old questions asked again for every new one, so that what was learned is kept.
REPLAY = 0.5

#: Parameters with one row a product: new products follow the old.
BY_PRODUCT = ("bias", "products.ids.weight")
BY_ATTRIBUTE = "products.attributes.weight"

#: Beside a run's parameters: what its text features and attribute rows mean.
CENTRE, AXES, ATTRIBUTE_KEYS = "text.centre", "text.axes", "attributes.keys"


class CannotContinue(ValueError):
    """The weights are of a model of another shape: it must be trained from the beginning."""


@dataclass(frozen=True)
class WarmStart:
    """The weights to go on from, and whose behaviour is new to them.

    Shapes:
        changed: (users,) bool, who did something that the weights have not seen
    """

    weights: Mapping[str, Tensor]
    changed: npt.NDArray[np.bool_]


def continued(config: TrainConfig) -> TrainConfig:
    """The same training, one epoch long and in smaller steps."""
    rate = config.learning_rate * SLOWER
    return replace(config, epochs=1, stop_after=0, learning_rate=rate)


def rehearsed(
    is_new: npt.NDArray[np.bool_], rng: np.random.Generator, replay: float = REPLAY
) -> npt.NDArray[np.bool_]:
    """Which to train on: all that is new, and ``replay`` times as much of the rest, at random."""
    old = np.flatnonzero(~is_new)
    count = min(len(old), round(replay * np.count_nonzero(is_new)))
    chosen = is_new.copy()
    chosen[rng.choice(old, count, replace=False)] = True
    return chosen


def whiten_as(weights: Mapping[str, Tensor], text: Tensor, has_text: Tensor) -> Tensor:
    """Text vectors on the axes that a run's weights know: (products, rank).

    Raises:
        CannotContinue: texts are encoded otherwise now, or there were none.
    """
    if CENTRE not in weights or weights[CENTRE].shape[0] != text.shape[1]:
        raise CannotContinue("the texts' vectors are of another model than the live run's")
    white = (text - weights[CENTRE]) @ weights[AXES]
    return white * has_text.unsqueeze(1)


@torch.no_grad()
def take_over(
    model: nn.Module, weights: Mapping[str, Tensor], attribute_keys: npt.NDArray[np.int64] | None
) -> None:
    """Copy a run's weights into a model of a graph that has grown.

    New products keep their start; new attributes and words say nothing yet.

    Raises:
        CannotContinue: a part has another shape, or the run had parts that the model lacks.
    """
    own = model.state_dict()
    learned = {name for name in weights if name not in (CENTRE, AXES, ATTRIBUTE_KEYS)}
    if lost := sorted(learned - own.keys()):
        raise CannotContinue(f"the graph no longer has what the live run learned of: {lost[0]}")
    for name in learned:
        new, old = own[name], weights[name].to(own[name])
        if name == BY_ATTRIBUTE:
            _take_over_attributes(new, old, weights, attribute_keys)
        elif name in BY_PRODUCT and len(new) >= len(old) and new.shape[1:] == old.shape[1:]:
            new[: len(old)] = old
        elif new.shape == old.shape:
            new.copy_(old)
        else:
            raise CannotContinue(
                f"the live run's {name} has shape {tuple(old.shape)}, not {tuple(new.shape)}"
            )


def _take_over_attributes(
    new: Tensor,
    old: Tensor,
    weights: Mapping[str, Tensor],
    keys: npt.NDArray[np.int64] | None,
) -> None:
    known = weights.get(ATTRIBUTE_KEYS)
    if keys is None or known is None or known.shape != old.shape[:1]:
        raise CannotContinue("the live run does not say which attributes it learned of")
    if new.shape[1:] != old.shape[1:]:
        raise CannotContinue(f"attributes have {old.shape[1]} dimensions, not {new.shape[1]}")
    _, here, there = np.intersect1d(keys, known.numpy(), return_indices=True)
    new.zero_()
    new[torch.from_numpy(here)] = old[torch.from_numpy(there)]
