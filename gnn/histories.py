"""What users did, as ragged arrays: the one form in which models and protocols see behaviour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """Rows of events, oldest first; row r holds ``indptr[r]:indptr[r + 1]``.

    Shapes:
        indptr: (rows + 1,) int64, starting at 0
        product: (events,) int64, dense product rows below ``num_products``
        kind: (events,) int64, index into ``kg.records.KINDS``
        time: (events,) int64, milliseconds since 1970 UTC, or ``kg.records.NO_TIME``
    """

    indptr: IntArray
    product: IntArray
    kind: IntArray
    time: IntArray
    num_products: int

    def __post_init__(self) -> None:
        if self.indptr[0] != 0 or self.indptr[-1] != len(self.product):
            raise ValueError(f"indptr must span the {len(self.product)} events")
        if (
            len(self.product)
            and not 0 <= self.product.min() <= self.product.max() < self.num_products
        ):
            raise ValueError(f"product rows must lie in 0..{self.num_products - 1}")

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def num_events(self) -> int:
        """How many events all rows hold together."""
        return len(self.product)

    @property
    def lengths(self) -> IntArray:
        """Events of each row: (rows,) int64."""
        return np.diff(self.indptr)

    @property
    def row(self) -> IntArray:
        """The row of each event: (events,) int64."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    @classmethod
    def from_events(
        cls,
        row: IntArray,
        product: IntArray,
        kind: IntArray,
        time: IntArray,
        order: IntArray,
        num_rows: int,
        num_products: int,
    ) -> Histories:
        """Group events by row, sorted by ``time``, then ``order``, then as given."""
        by = np.lexsort((order, time, row))
        counts = np.bincount(row, minlength=num_rows)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(indptr, product[by], kind[by], time[by], num_products)

    def keep(self, mask: npt.NDArray[np.bool_]) -> Histories:
        """The same rows with only the events where ``mask`` (events,) holds."""
        counts = np.bincount(self.row[mask], minlength=len(self))
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Histories(
            indptr, self.product[mask], self.kind[mask], self.time[mask], self.num_products
        )

    def take(self, rows: IntArray) -> Histories:
        """The given rows, in the given order."""
        lengths = self.lengths[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        starts = np.repeat(self.indptr[rows] - indptr[:-1], lengths)
        at = np.arange(indptr[-1], dtype=np.int64) + starts
        return Histories(indptr, self.product[at], self.kind[at], self.time[at], self.num_products)

    def matrix(self, weights: npt.NDArray[np.float32] | None = None) -> sp.csr_array:
        """Rows × products, float32: 1 where a row has the product, or summed event ``weights``."""
        # Copied, since adding up duplicates sorts in place.
        data = np.ones(self.num_events, np.float32) if weights is None else weights
        shape = (len(self), self.num_products)
        counts = sp.csr_array((data, self.product, self.indptr), shape=shape, copy=True)
        counts.sum_duplicates()
        if weights is None:
            counts.data[:] = 1.0
        return counts
