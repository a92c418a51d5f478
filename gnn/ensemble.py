"""Several models that began elsewhere, served as one: their scores' mean (deep ensembles).

Lakshminarayanan et al., 2017. The mean of dot products is the dot product of vectors laid side by
side, users' divided by how many there are: what is stored, indexed and computed in Cypher stays a
vector a product and a weighted sum a user.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gnn.checkpoints import Checkpoints
from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.knowledge import Knowledge
from gnn.model import UserEncoder
from gnn.stopping import Watch
from gnn.training import Trained, carry_over, fit
from gnn.warm import CannotContinue, WarmStart

#: What is learned by each member of a run stands under its number.
MEMBER = "members.{}."


@dataclass
class Ensemble:
    """Models trained alike from other beginnings; ``curve`` is the mean of theirs."""

    members: list[Trained]

    @property
    def curve(self) -> list[float]:
        """The mean loss of each epoch, as long as all were trained."""
        curves = [member.curve for member in self.members]
        return [sum(losses) / len(losses) for losses in zip(*curves, strict=False)]

    @property
    def best_epoch(self) -> int:
        """The epoch that validation liked best, of all members on average."""
        return round(sum(member.best_epoch for member in self.members) / len(self.members))

    def at(self, now: int) -> VectorRecommender:
        """All at one moment, as one."""
        return joined([member.at(now) for member in self.members])

    def balanced(self, balance: tuple[float, ...]) -> Ensemble:
        """The same with other factors of the sparse term."""
        return Ensemble([member.balanced(balance) for member in self.members])


def fit_members(
    train: Histories,
    knowledge: Knowledge,
    model_config: ModelConfig,
    config: TrainConfig,
    target_kind: int,
    device: torch.device,
    after_epoch: Callable[[int], None] | None = None,
    warm: WarmStart | None = None,
    checkpoints: Checkpoints | None = None,
    watch: Watch | None = None,
) -> Trained | Ensemble:
    """``gnn.training.fit``, as often as the model has members, with a seed after the other.

    Each member is stopped by validation for itself.

    Raises:
        ValueError: there is nothing to learn from.
        CannotContinue: the weights are of another number of members, or of models of another shape.
    """
    one, members = replace(model_config, members=1), []
    for number in range(model_config.members):
        seeded = replace(config, seed=config.seed + number)
        own = None if warm is None else replace(warm, weights=_own(warm.weights, number))
        how = (target_kind, device, after_epoch, own, checkpoints, watch)
        members.append(fit(train, knowledge, one, seeded, *how))
    return members[0] if len(members) == 1 else Ensemble(members)


def carry_over_members(
    histories: Histories,
    knowledge: Knowledge,
    model_config: ModelConfig,
    target_kind: int,
    weights: Mapping[str, Tensor],
) -> Ensemble:
    """``gnn.training.carry_over`` of every member.

    Raises:
        CannotContinue: the weights are of models of another shape.
    """
    one = replace(model_config, members=1)
    return Ensemble(
        [
            carry_over(histories, knowledge, one, target_kind, _own(weights, number))
            for number in range(model_config.members)
        ]
    )


def joined(members: Sequence[VectorRecommender]) -> VectorRecommender:
    """One recommender whose scores are the mean of theirs; of one it is that one."""
    first = members[0]
    if len(members) == 1:
        return first
    encoders = [member.users_encoder for member in members]
    state = {
        # Of its own: what members share could not be saved twice.
        MEMBER.format(number) + name: value.clone()
        for number, member in enumerate(members)
        for name, value in member.model_state.items()
    }
    encoder = _side_by_side([one for one in encoders if isinstance(one, UserEncoder)])
    term = first.neighbours
    if term is not None:
        # All counted the same behaviour: their relations differ in what they count for alone.
        weights = [one.neighbours.gamma for one in members if one.neighbours is not None]
        term = term.weighted(torch.stack([gamma for gamma in weights if gamma is not None]).mean(0))
    return replace(
        first,
        users_encoder=encoder,
        z=torch.cat([member.z for member in members], dim=1),
        bias=torch.stack([member.bias for member in members]).mean(0),
        neighbours=term,
        model_state=state | {f"users.{k}": v for k, v in encoder.state_dict().items()},
    )


def _side_by_side(encoders: Sequence[UserEncoder]) -> UserEncoder:
    """An encoder of all members, each with its own block of the vector; scores are their mean."""
    pools, dim = encoders[0].beta.shape
    shape = ModelConfig(dim=dim, pools=pools, members=len(encoders), mean_pools=encoders[0].mean)
    whole = UserEncoder(shape)
    parts = [encoder.state_dict() for encoder in encoders]
    whole.load_state_dict({name: torch.cat([part[name] for part in parts]) for name in parts[0]})
    with torch.no_grad():
        whole.beta.div_(len(encoders))
    return whole.to(encoders[0].beta.device).eval()


def _own(weights: Mapping[str, Tensor], number: int) -> Mapping[str, Tensor]:
    """A member's weights among those of a run; a run of one has no numbers."""
    prefix = MEMBER.format(number)
    own = {
        name.removeprefix(prefix): value
        for name, value in weights.items()
        if name.startswith(prefix)
    }
    numbered = any(name.startswith("members.") for name in weights)
    if numbered and not own:
        raise CannotContinue("the live run has fewer members than these settings")
    return own if numbered else weights
