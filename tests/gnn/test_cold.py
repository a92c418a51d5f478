"""Products taken out of training: nothing of them is left to learn from."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.protocols import leave_one_out
from gnn.protocols.cold import take_out


def test_cold_products_are_gone_from_training_and_histories_and_alone_asked_for(histories) -> None:
    rows = [[0, 1, 2, 3], [1, 2, 3, 4], [4, 3, 2, 1, 0]]
    task = leave_one_out.split(histories(rows, 5)).test
    described = np.array([False, False, False, True, True])
    tasks = take_out(task, described, share=0.5, seed=0)
    cold = tasks.among_cold.candidates
    assert np.flatnonzero(cold).tolist() in ([3], [4])
    for asked in (tasks.among_cold, tasks.among_all, tasks.warm):
        assert not cold[asked.train.product].any()
        assert not cold[asked.queries.product].any()
    target = int(np.flatnonzero(cold)[0])
    assert np.unique(tasks.among_all.targets.indices).tolist() == [target]
    assert (tasks.among_cold.targets != tasks.among_all.targets).nnz == 0
    assert tasks.among_all.candidates.all()
    together = tasks.among_all.targets + tasks.warm.targets
    assert (together != task.targets).nnz == 0


def test_nothing_can_be_said_of_cold_products_that_nobody_asks_for(histories) -> None:
    task = leave_one_out.split(histories([[0, 1, 2]], 4)).test
    with pytest.raises(ValueError, match="no target"):
        take_out(task, np.array([False, False, False, True]), share=1.0)
