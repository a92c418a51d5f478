"""What is typed into a shop's search, as a vector beside those of its products."""

from __future__ import annotations

from functools import cache

import torch

from gnn.text import TextEncoder
from kg.connection import Graph


def encode_text(graph: Graph, text: str) -> list[float]:
    """A text by the encoder of the graph's products; empty where there is no text or no encoder.

    Raises:
        ValueError: that encoder cannot be had here.
    """
    rows = graph.read("read/text_encoder")
    if not rows or not text.strip():
        return []
    vector: list[float] = encoder(rows[0]["model"]).encode([text])[0].tolist()
    return vector


@cache
def encoder(model: str) -> TextEncoder:
    """An encoder, loaded once a process: that takes seconds, a text takes milliseconds."""
    return TextEncoder(model, torch.device("cpu"))
