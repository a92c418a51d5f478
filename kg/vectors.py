"""Vector indexes over products, and the text vectors they serve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.connection import Graph
from kg.read import read_pages

#: Vectors a transaction writes: 1,000 of 384 dimensions are some 4 MB of parameters.
BATCH_VECTORS = 1_000


@dataclass(frozen=True)
class ProductText:
    """What a product says of itself, and the hash and encoder of its present vector."""

    idx: int
    title: str | None
    description: str | None
    brand: str | None
    categories: list[str]
    attributes: list[str]
    text_hash: str | None
    text_model: str | None


def read_product_texts(graph: Graph) -> Iterator[ProductText]:
    """Read every product's text, page by page, in the order of tensor rows."""
    products = graph.read("read/count_rows")[0]["products"]
    for page in read_pages(products):
        for row in graph.read("read/product_texts", **page):
            yield ProductText(**row)


def write_text_vectors(
    graph: Graph,
    idx: Sequence[int],
    vectors: npt.NDArray[np.float32],
    hashes: Sequence[str],
    model: str,
) -> None:
    """Overwrite the text vectors of products; safe to repeat.

    Shapes:
        idx: (n,) tensor rows
        vectors: (n, d) of unit length
        hashes: (n,) of the texts they encode
    """
    for start in range(0, len(idx), BATCH_VECTORS):
        end = start + BATCH_VECTORS
        graph.write(
            "write/write_text_vectors",
            idx=list(idx[start:end]),
            vector=vectors[start:end].tolist(),
            hash=list(hashes[start:end]),
            model=model,
        )


def clear_text_vectors(graph: Graph, idx: Sequence[int], hashes: Sequence[str], model: str) -> None:
    """Take the vector from products whose text is empty: a zero vector has no cosine."""
    graph.write("write/clear_text_vectors", idx=list(idx), hash=list(hashes), model=model)


def read_dimensions(graph: Graph, name: str) -> int | None:
    """The dimensions of the index ``product_NAME``, None where there is none."""
    rows = graph.read("read/vector_indexes")
    return next((row["dimensions"] for row in rows if row["name"] == f"product_{name}"), None)


def ensure_vector_index(graph: Graph, name: str, dimensions: int) -> None:
    """Make the index ``product_NAME``, anew if it has other dimensions, and wait for it.

    Quantisation is off: with it the default index finds four fifths of the true neighbours.
    """
    if read_dimensions(graph, name) not in (None, dimensions):
        graph.run("write/drop_index", name=f"product_{name}")
    config = {
        "vector.dimensions": dimensions,
        "vector.similarity_function": "cosine",
        "vector.quantization.enabled": False,
    }
    graph.run(f"write/create_{name}_index", options={"indexConfig": config})
    graph.read("schema/await_indexes", seconds=3600)
