"""Vector indexes over products, and the text vectors they serve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.connection import Graph
from kg.facts import WORDS, Facts
from kg.parallel import in_order
from kg.read import read_pages

#: Numbers a transaction writes: 80 MB of the server's heap. Each transaction becomes a segment of
#: the vectors' index, and a search looks through all segments: with forty of a thousand vectors
#: instead of four of ten thousand it takes twice as long.
BATCH_NUMBERS = 2_560_000

#: Statements about products whose vectors one transaction writes: they are in no index.
BATCH_STATEMENTS = 1_000


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
    pages = read_pages(products)
    for page in in_order(lambda page: graph.read_packed("read/product_texts", **page)[0], pages):
        for row in page["texts"]:
            yield ProductText(*row)


@dataclass(frozen=True)
class PastText:
    """What a product said of itself from one statement about it to the next.

    ``current_hash`` is that of its present text; a statement needs a vector of its own where that
    differs, and ``has_vector`` says whether it has one.
    """

    facts_id: str
    text: ProductText
    current_hash: str | None
    has_vector: bool


def read_past_texts(graph: Graph) -> Iterator[PastText]:
    """Read the texts that products had before their last one, oldest first."""
    products = graph.read("read/count_rows")[0]["products"]
    for page in read_pages(products):
        for row in graph.read("read/past_texts", **page):
            facts: Facts = {}
            for stated in row["statements"][:-1]:
                facts |= {name: stated[name] for name in WORDS if stated[name] is not None}
                text = ProductText(
                    idx=row["idx"],
                    title=facts.get("title"),
                    description=facts.get("description"),
                    brand=facts.get("brand"),
                    categories=sorted(facts.get("category", [])),
                    attributes=sorted(facts.get("attributes", [])),
                    text_hash=stated["text_hash"],
                    text_model=stated["text_model"],
                )
                yield PastText(
                    stated["facts_id"], text, row["current_hash"], bool(stated["has_vector"])
                )


def write_past_text_vectors(
    graph: Graph,
    facts_ids: Sequence[str],
    vectors: Sequence[npt.NDArray[np.float32] | None],
    hashes: Sequence[str],
    model: str,
) -> None:
    """Overwrite the text vectors of statements; None for a text that needs none of its own."""
    for start in range(0, len(facts_ids), BATCH_STATEMENTS):
        end = start + BATCH_STATEMENTS
        graph.write(
            "write/write_past_text_vectors",
            facts_id=list(facts_ids[start:end]),
            packed=[None if one is None else _packed(one) for one in vectors[start:end]],
            hash=list(hashes[start:end]),
            model=model,
        )


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
    for batch in vector_batches(vectors):
        graph.write(
            "write/write_text_vectors",
            idx=list(idx[batch]),
            vector=vectors[batch].tolist(),
            packed=[_packed(vector) for vector in vectors[batch]],
            hash=list(hashes[batch]),
            model=model,
        )


def vector_batches(vectors: npt.NDArray[np.float32]) -> Iterator[slice]:
    """The rows of each transaction that writes (n, d) vectors."""
    rows = max(1, BATCH_NUMBERS // max(1, vectors.shape[1]))
    for start in range(0, len(vectors), rows):
        yield slice(start, start + rows)


def _packed(vector: npt.NDArray[np.float32]) -> bytes:
    return vector.astype("<f4").tobytes()


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
