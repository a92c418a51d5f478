"""The quality benchmark as a person runs it, on a store of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

OWN = """
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Settings:
    product: int = 0


class Last:
    '''Puts the product of the last row first.'''

    Settings, AXES = Settings, {}

    def fit(self, train, settings, context):
        return self

    def score(self, queries, now):
        return np.tile(np.arange(queries.num_products, dtype=np.float32), (len(queries), 1))
"""


def test_a_published_split_is_loaded_read_back_and_measured(loner: Any) -> None:
    folder = Path(loner.folder) / "office"
    folder.mkdir()
    (folder / "products.csv").write_text("product_id,title\nA,red\nB,blue\nC,green\nD,grey\n")
    (folder / "train.csv").write_text("user_id,history\nU1,A B C\nU2,A B C\nU3,B C\n")
    (folder / "valid.csv").write_text("user_id,history,target\nU1,A,B\nU2,B,C\n")
    (folder / "test.csv").write_text("user_id,history,target\nU1,A B,C\nU2,A,B\nU9,B,C\n")
    (Path(loner.folder) / "mine_in_e2e.py").write_text(OWN)
    models = "popularity,transition-knn,mine_in_e2e:Last"
    words = ("benchmark", "quality", "office", "--protocol", "files", "--models", models)
    outcome = loner.quick(*words, "--json")
    assert outcome.code == 0, outcome.err
    answer = outcome.json
    assert answer["dataset"] == "office"
    assert answer["protocol"] == "files"
    assert (answer["users"], answer["products"], answer["interactions"]) == (3, 3, 8)
    assert answer["counts"]["candidates"] == 4
    assert list(answer["models"]) == models.split(",")
    transition = answer["models"]["transition-knn"]
    # What follows is always the next letter; nothing is masked, the history not either.
    assert transition["mrr"] == 1
    assert transition["hr@10"] == transition["recall@20"] == 1
    assert answer["ablations"] == answer["lead"] == {}
    for metrics in answer["models"].values():
        assert all(type(value) in (int, float) for value in metrics.values())
