"""What is known of products besides what users did."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    text: npt.NDArray[np.float32]
    has_text: npt.NDArray[np.bool_]
    attributes: sp.csr_array | None = None
    attribute_keys: npt.NDArray[np.int64] | None = None
