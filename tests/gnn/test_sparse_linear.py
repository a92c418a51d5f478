"""Linear weights on a pattern: one system by hand, and EASE where nothing is left out."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from gnn import sparse_linear
from gnn.sparse_linear import sparse_weights


def test_a_product_is_told_from_the_one_most_like_it_alone() -> None:
    bought = sp.csr_array(np.array([[1, 1, 0], [1, 1, 1], [1, 0, 1], [0, 1, 0]], np.float32))
    # G = [[3, 2, 2], [2, 3, 1], [2, 1, 2]]: 1 and 2 are told from 0 by 2 / (3 + 1) each.
    weights = sparse_weights(bought, 1, 1.0).toarray()
    assert weights[:, 1].tolist() == [0.5, 0, 0]
    assert weights[:, 2].tolist() == [0.5, 0, 0]
    # 1 and 2 are equally like 0: by 2 / (3 + 1) or 2 / (2 + 1).
    assert weights[:, 0].sum() == pytest.approx(0.5) or weights[:, 0].sum() == pytest.approx(2 / 3)


def test_two_sources_share_what_they_say_in_common() -> None:
    bought = sp.csr_array(np.array([[1, 1, 0], [1, 1, 1], [1, 0, 1], [0, 1, 0]], np.float32))
    # [[3 + 1, 1], [1, 2 + 1]] w = [2, 2] for product 0, by 1 and 2: w = [4, 6] / 11.
    weights = sparse_weights(bought, 2, 1.0).toarray()
    assert weights[:, 0] == pytest.approx([0, 4 / 11, 6 / 11])


def test_with_every_other_product_as_source_each_column_solves_its_ridge_regression(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sparse_linear, "AT_ONCE", 4)
    dense = np.random.default_rng(0).random((30, 7)).astype(np.float32)
    weights = sparse_weights(sp.csr_array(dense), 6, 2.0).toarray()
    for target in range(7):
        others = np.delete(np.arange(7), target)
        x, y = dense[:, others], dense[:, target]
        expected = np.linalg.solve(x.T @ x + 2.0 * np.eye(6), x.T @ y)
        assert weights[others, target] == pytest.approx(expected, abs=1e-4)
        assert weights[target, target] == 0


def test_what_nobody_had_is_told_from_nothing() -> None:
    bought = sp.csr_array(np.array([[1, 1, 0], [1, 1, 0]], np.float32))
    weights = sparse_weights(bought, 2, 1.0)
    assert weights.shape == (3, 3)
    assert weights.toarray()[2].tolist() == weights.toarray()[:, 2].tolist() == [0, 0, 0]


def test_what_is_not_asked_for_gets_no_weights_and_the_rest_the_same() -> None:
    dense = np.random.default_rng(1).random((20, 6)).astype(np.float32)
    whole = sparse_weights(sp.csr_array(dense), 3, 1.0).toarray()
    some = sparse_weights(sp.csr_array(dense), 3, 1.0, np.array([1, 4])).toarray()
    assert some[:, [1, 4]].tolist() == whole[:, [1, 4]].tolist()
    assert not some[:, [0, 2, 3, 5]].any()
    none = sparse_weights(sp.csr_array(dense), 3, 1.0, np.array([], np.int64))
    assert none.shape == (6, 6)
    assert none.nnz == 0
