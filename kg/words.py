"""The words of products' titles and descriptions: nodes that products share."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer

#: A word of one product links nothing; one of more products than that says little, at a high price.
LEAST_PRODUCTS, MOST_PRODUCTS = 2, 500


def shared_words(texts: Iterable[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The words that some texts share, and which text says which.

    Shapes:
        returned: (2, edges) places of texts and of words; the words in lower case, sorted
    """
    counter = CountVectorizer(
        token_pattern=r"\w+", min_df=LEAST_PRODUCTS, max_df=MOST_PRODUCTS, binary=True
    )
    try:
        said = counter.fit_transform(texts).tocoo()
    except ValueError:
        # That no word is left is an error to scikit-learn.
        return np.zeros((2, 0), np.int64), []
    edges = np.stack([said.row, said.col]).astype(np.int64)
    return edges, counter.get_feature_names_out().tolist()
