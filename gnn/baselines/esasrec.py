"""eSASRec (Tikhonovich et al., 2025): SASRec with LiGR layers, from RecTools."""

from __future__ import annotations

from gnn.baselines.sasrec import AXES, Settings
from gnn.histories import Histories
from gnn.peers.sequences import SequenceRecommender, fit_sequences
from gnn.recommender import Context

__all__ = ["AXES", "TRAINS", "Settings", "fit"]

TRAINS = True


def fit(train: Histories, settings: Settings, context: Context) -> SequenceRecommender:
    """Train until validation gets worse.

    Raises:
        MissingInput: there is no environment with RecTools.
    """
    arguments = settings.arguments() | {
        "ligr": True,
        "use_key_padding_mask": True,
        "transformer_layers_kwargs": {"ff_factors_multiplier": 4},
    }
    return fit_sequences(train, settings, context, arguments)
