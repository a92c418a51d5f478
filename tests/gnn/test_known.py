import numpy as np
import scipy.sparse as sp

from gnn.known import KnownUsers, user_vectors


def matrix(*rows: list[int]) -> sp.csr_array:
    dense = np.zeros((len(rows), 4), np.float32)
    for row, products in enumerate(rows):
        dense[row, products] = 0.5 + row
    return sp.csr_array(dense)


def test_a_user_is_known_by_the_products_whatever_their_weights() -> None:
    known = KnownUsers(matrix([0, 1], [2], [], [2]))
    assert known.rows(matrix([2], [1, 0], [0], [], [0, 1, 2])).tolist() == [1, 0, -1, -1, -1]


def test_the_known_have_learned_vectors_and_others_those_of_their_history() -> None:
    learned, folded_in = np.array([[1.0], [2.0]]), np.array([[10.0], [20.0]])
    vectors = user_vectors(np.array([-1, 1]), learned, folded_in)
    assert vectors.tolist() == [[10], [2]]
