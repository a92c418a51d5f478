import numpy as np
import pytest
import scipy.sparse as sp

from gnn.linear import POPULARITY_SHARE, scale_rows, strongest, truncated_svd, with_popularity


def test_the_strongest_entries_of_each_row_are_kept_without_the_diagonal() -> None:
    left = sp.csr_array(np.array([[9, 2, 3], [4, 9, -1], [0, 0, 9]], np.float32))
    kept = strongest(left, sp.csr_array(np.eye(3, dtype=np.float32)), keep=1, block=2)
    assert kept.toarray().tolist() == [[0, 0, 3], [4, 0, 0], [0, 0, 0]]


def test_popularity_orders_only_what_scores_leave_open() -> None:
    scores = with_popularity(
        np.array([[0, 4, 0, 2], [0, 0, 0, 0]], np.float32), np.array([1, 0, 2, 0], np.float32)
    )
    share = POPULARITY_SHARE
    assert scores == pytest.approx(
        np.array([[share / 2, 1, share, 0.5], [share / 2, 0, share, 0]]), rel=1e-6
    )


def test_rows_are_scaled_by_their_sums_and_empty_ones_stay_empty() -> None:
    matrix = sp.csr_array(np.array([[1, 3], [0, 0]], np.float32))
    assert scale_rows(matrix, -0.5).toarray().tolist() == [[0.5, 1.5], [0, 0]]


def test_the_truncated_svd_finds_the_largest_triplets() -> None:
    dense = np.random.default_rng(0).standard_normal((40, 25)).astype(np.float32)
    left, values, right = truncated_svd(sp.csr_array(dense), rank=3, seed=0)
    exact = np.linalg.svd(dense)
    assert values == pytest.approx(exact.S[:3], rel=1e-4)
    best = (exact.U[:, :3] * exact.S[:3]) @ exact.Vh[:3]
    assert (left * values) @ right.T == pytest.approx(best, abs=1e-3)


def test_no_more_singular_values_than_there_are() -> None:
    _, values, right = truncated_svd(sp.csr_array(np.eye(3, 4, dtype=np.float32)), 10, seed=0)
    assert values == pytest.approx([1, 1, 1])
    assert right.shape == (4, 3)
