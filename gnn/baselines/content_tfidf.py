"""Content-kNN on the words of the texts, rare words first (TF-IDF)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from gnn.baselines.content_knn import ContentRecommender
from gnn.behaviour import Kinds
from gnn.histories import Histories
from gnn.linear import History
from gnn.recommender import Context, MissingInput

#: Words, or runs of two to four letters, for languages that set no spaces between words.
Units = Literal["words", "letters"]


@dataclass(frozen=True)
class Settings:
    """What is counted in texts, and how fast a history fades."""

    units: Units = "words"
    recency: float = 0.5
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.units not in get_args(Units):
            raise ValueError(f"units must be one of {get_args(Units)} (got {self.units!r})")
        if self.recency < 0:
            raise ValueError(f"recency must not be negative (got {self.recency})")


AXES = {"kinds": get_args(Kinds), "units": get_args(Units), "recency": (0.0, 0.5, 1.0)}


def fit(train: Histories, settings: Settings, context: Context) -> ContentRecommender:
    """Weigh each text's terms by how rare they are, to unit length.

    Raises:
        MissingInput: products have no text.
    """
    if context.texts is None or not any(text.strip() for text in context.texts):
        raise MissingInput("content-tfidf needs texts of products")
    letters = settings.units == "letters"
    vectorizer = TfidfVectorizer(
        analyzer="char_wb" if letters else "word",
        ngram_range=(2, 4) if letters else (1, 1),
        token_pattern=None if letters else r"\w+",
        sublinear_tf=True,
        max_features=50_000,
    )
    terms = sp.csr_array(vectorizer.fit_transform(context.texts).astype("float32"))
    history = History(settings.kinds, context.target_kind, settings.recency)
    return ContentRecommender(history, (terms,), (1.0,), history.popularity(train))
