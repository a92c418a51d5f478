from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.tally import Tally


def keys(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


def test_ordinals_run_on_from_block_to_block() -> None:
    tally = Tally()
    assert tally.take_ordinals(keys(7, 5, 7, 7)).tolist() == [0, 0, 1, 2]
    assert tally.take_ordinals(keys(5, 9, 7)).tolist() == [1, 0, 3]
    assert tally.get(keys(5, 7, 8, 9)).tolist() == [2, 4, 0, 1]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 9).map(lambda n: n * (2**64 - 1) // 9))))
def test_ordinals_are_those_of_a_counter(blocks: list[list[int]]) -> None:
    tally = Tally()
    counter: Counter[int] = Counter()
    for block in blocks:
        expected = []
        for key in block:
            expected.append(counter[key])
            counter[key] += 1
        assert tally.take_ordinals(keys(*block)).tolist() == expected
    assert tally.get(keys(*counter)).tolist() == list(counter.values())
