"""What is said most often of each of many things."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd


class Commonest:
    """Counts the texts said of each key, and remembers when each was said last."""

    def __init__(self) -> None:
        self._said: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(dict)

    def add(self, keys: pd.Series, texts: pd.Series, times: pd.Series) -> None:
        """Count one text a row; rows without key or text say nothing."""
        rows = pd.DataFrame({"key": keys, "text": texts, "time": times.astype("int64")})
        groups = rows.dropna().groupby(["key", "text"], sort=False)["time"].agg(["size", "max"])
        for key, text, count, last in groups.reset_index().itertuples(index=False, name=None):
            held, held_last = self._said[key].get(text, (0, last))
            self._said[key][text] = (held + count, max(held_last, last))

    def ranked(self) -> list[tuple[str, list[str]]]:
        """Each key, in order, with its texts: by frequency, then the latest first, then A to Z."""
        return [(key, _ranked(self._said[key])) for key in sorted(self._said)]


def _ranked(said: dict[str, tuple[int, int]]) -> list[str]:
    return sorted(said, key=lambda text: (-said[text][0], -said[text][1], text))
