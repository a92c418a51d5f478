"""Which keys came before, in memory that does not grow with their number."""

from __future__ import annotations

from typing import Final

import numpy as np

from ingestion.blocks import BoolArray
from kg.tally import KeyArray

#: Bits of a filter for each key it is made for; then one key in a thousand is taken for another.
BITS_A_KEY: Final = 32
LEAST_BITS: Final = 1 << 16
#: 128 MB: with a hundred million keys still but one in thirty is taken for another.
MOST_BITS: Final = 1 << 30


class Seen:
    """A Bloom filter (Bloom, 1970) of random 64-bit keys: no means no, yes means perhaps."""

    def __init__(self, keys: int) -> None:
        bits = min(max(keys * BITS_A_KEY, LEAST_BITS), MOST_BITS)
        self._mask = np.uint64((1 << (bits - 1).bit_length()) - 1)
        self._bytes = np.zeros((int(self._mask) + 1) // 8, dtype=np.uint8)

    def perhaps(self, keys: KeyArray) -> BoolArray:
        """Whether each key may have been added."""
        found = np.ones(len(keys), dtype=bool)
        for place in self._places(keys):
            found &= (self._bytes[place >> np.uint64(3)] >> _bit(place)) & np.uint8(1) == 1
        return found

    def add(self, keys: KeyArray) -> None:
        """Remember these keys."""
        for place in self._places(keys):
            np.bitwise_or.at(self._bytes, place >> np.uint64(3), np.uint8(1) << _bit(place))

    def _places(self, keys: KeyArray) -> tuple[KeyArray, KeyArray]:
        return keys & self._mask, (keys >> np.uint64(32)) & self._mask


def _bit(place: KeyArray) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return (place & np.uint64(7)).astype(np.uint8)
