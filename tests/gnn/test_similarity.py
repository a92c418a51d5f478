import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from gnn.similarity import nearest_products, similarities


def rows(*values: list[float]) -> sp.csr_array:
    return sp.csr_array(np.array(values, np.float32))


def test_cosine_by_hand() -> None:
    found = similarities(rows([3, 4, 0], [0, 0, 0]), rows([1, 0, 0], [0, 0, 2]), "cosine")
    assert found == pytest.approx(np.array([[0.6, 0], [0, 0]]))


def test_jaccard_is_the_shared_of_all() -> None:
    found = similarities(rows([1, 1, 1, 0]), rows([0, 1, 1, 1], [1, 1, 1, 0]), "jaccard")
    assert found == pytest.approx(np.array([[2 / 4, 1]]))


def test_pearson_is_the_correlation_of_rows() -> None:
    left, right = [1.0, 0, 0, 1], [1.0, 1, 0, 1]
    found = similarities(rows(left), rows(right, [1, 1, 1, 1]), "pearson")
    assert found == pytest.approx(np.array([[np.corrcoef(left, right)[0, 1], 0]]), abs=1e-6)


ones = st.lists(st.lists(st.sampled_from([0, 1]), min_size=6, max_size=6), min_size=2, max_size=5)


@given(ones)
def test_every_likeness_of_a_row_with_itself_is_the_most_there_is(values) -> None:
    matrix = rows(*values)
    for kind in ("cosine", "jaccard", "pearson"):
        found = similarities(matrix, matrix, kind)
        assert found == pytest.approx(found.T, abs=1e-5)
        assert found.max() <= 1 + 1e-5
        own = np.diag(found)
        assert np.all((np.abs(own - 1) < 1e-5) | (own == 0))


def test_the_nearest_products_leave_the_product_itself_out() -> None:
    bought = rows([1, 1, 0], [1, 1, 1], [0, 0, 1])
    near = nearest_products(bought, "jaccard", keep=1, block=2).toarray()
    assert near == pytest.approx(np.array([[0, 1, 0], [1, 0, 0], [1 / 3, 0, 0]]))
    assert math.isclose(near[2, 0], 1 / 3, rel_tol=1e-6)
