"""What is known of products besides what users did."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp


@dataclass(frozen=True)
class Knowledge:
    """What is known of products besides behaviour.

    Shapes:
        text: (products, d) float32, rows of zeros where ``has_text`` (products,) is false
        attributes: (products, attribute nodes), 1 where a product has one, or None
        attribute_keys: (attribute nodes,) int64, what tells each from others in any later graph
        words, word_keys: the same of the words of titles and descriptions
    """

    text: npt.NDArray[np.float32]
    has_text: npt.NDArray[np.bool_]
    attributes: sp.csr_array | None = None
    attribute_keys: npt.NDArray[np.int64] | None = None
    words: sp.csr_array | None = None
    word_keys: npt.NDArray[np.int64] | None = None

    def as_nodes(self, attributes: bool, words: bool) -> Knowledge:
        """The same with words among the attributes, as a model takes both; either is left out."""
        kept = [
            (incidence, keys)
            for incidence, keys, wanted in (
                (self.attributes, self.attribute_keys, attributes),
                (self.words, self.word_keys, words),
            )
            if wanted and incidence is not None
        ]
        joined, keys = None, None
        if kept:
            joined = sp.csr_array(sp.hstack([incidence for incidence, _ in kept]))
            own = [keys for _, keys in kept if keys is not None]
            keys = np.concatenate(own) if len(own) == len(kept) else None
        return replace(self, attributes=joined, attribute_keys=keys, words=None, word_keys=None)
