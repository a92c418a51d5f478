"""Products that nobody had when the model was trained: how well they are found all the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gnn.histories import Histories
from gnn.protocols.task import Task

#: The share of the products that is taken out.
COLD_SHARE = 0.1


@dataclass(frozen=True)
class ColdTasks:
    """The same questions about cold products, asked among them alone and among all candidates.

    ``warm`` asks the same model about the products that were not taken out.
    """

    among_cold: Task
    among_all: Task
    warm: Task


def take_out(
    task: Task, described: npt.NDArray[np.bool_], share: float = COLD_SHARE, seed: int = 0
) -> ColdTasks:
    """Take a random ``share`` of the described products out of training and histories.

    Shapes:
        described: (products,) bool, which products have anything but behaviour to go by

    Raises:
        ValueError: no target is among the products taken out.
    """
    possible = np.flatnonzero(described & task.candidates)
    count = round(share * len(possible))
    cold = np.zeros(len(described), np.bool_)
    cold[np.random.default_rng(seed).choice(possible, count, replace=False)] = True
    without = replace(task, train=_without(task.train, cold), queries=_without(task.queries, cold))
    if task.targets[:, cold].nnz == 0:
        raise ValueError("no target is among the products taken out")
    among_all = replace(without, targets=_only(task.targets, cold))
    return ColdTasks(
        among_cold=replace(among_all, candidates=task.candidates & cold),
        among_all=among_all,
        warm=replace(without, targets=_only(task.targets, ~cold)),
    )


def _without(histories: Histories, products: npt.NDArray[np.bool_]) -> Histories:
    return histories.keep(~products[histories.product])


def _only(targets: sp.csr_array, products: npt.NDArray[np.bool_]) -> sp.csr_array:
    kept = sp.csr_array(targets @ sp.diags_array(products.astype(np.float32)))
    kept.eliminate_zeros()
    return kept
