import numpy as np

from ingestion.seen import Seen


def test_what_was_added_is_never_denied_and_little_else_is_taken_for_it() -> None:
    keys = np.random.default_rng(0).integers(0, 1 << 64, 200_000, dtype=np.uint64)
    added, others = keys[:100_000], keys[100_000:]
    seen = Seen(100_000)
    assert not seen.perhaps(added).any()
    seen.add(added)
    assert seen.perhaps(added).all()
    assert seen.perhaps(others).mean() < 0.01


def test_a_filter_is_bounded_however_many_keys_are_announced() -> None:
    seen = Seen(1 << 40)
    keys = np.array([0, 1 << 63, (1 << 64) - 1], dtype=np.uint64)
    seen.add(keys[:2])
    assert seen.perhaps(keys).tolist() == [True, True, False]
