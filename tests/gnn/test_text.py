"""The text encoder: the real packaged model."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.text import TextEncoder, compose, text_hash
from kg.vectors import ProductText


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


def product(**fields: object) -> ProductText:
    empty: dict[str, object] = dict.fromkeys(
        ("title", "description", "brand", "text_hash", "text_model")
    )
    return ProductText(**{"idx": 0, "categories": [], "attributes": []} | empty | fields)


def test_the_text_holds_every_field_once_a_line() -> None:
    full = product(
        title=" Mug ",
        description="For tea.",
        brand="Harbour",
        categories=["A > B", "C"],
        attributes=["colour=blue", "matt"],
    )
    assert compose(full) == "Mug\nFor tea.\nHarbour\nA > B, C\ncolour=blue, matt"


def test_a_product_without_title_is_its_attributes_and_one_without_anything_is_empty() -> None:
    assert compose(product(attributes=["red"], title="  ")) == "red"
    assert compose(product()) == ""


def test_vectors_are_of_unit_length_in_the_order_of_the_texts(encoder: TextEncoder) -> None:
    texts = ["a blue mug for tea", "x", "a large tent for the mountains, for four people"]
    vectors = encoder.encode(texts, batch_size=2)
    assert vectors.shape == (3, encoder.dimensions) == (3, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-3)
    alone = np.stack([encoder.encode([text])[0] for text in texts])
    # Padding must not leak into the mean; bfloat16 rounds.
    assert (vectors * alone).sum(1).min() > 0.999


def test_like_texts_are_nearer_than_unlike_ones(encoder: TextEncoder) -> None:
    mug, cup, tent = encoder.encode(["blue tea mug", "navy coffee cup", "four person tent"])
    assert mug @ cup > mug @ tent + 0.1


def test_a_text_longer_than_the_model_takes_is_cut(encoder: TextEncoder) -> None:
    (vector,) = encoder.encode(["mug " * 5_000])
    assert np.isfinite(vector).all()


def test_no_texts_give_no_vectors(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_a_model_that_is_not_there_is_told_in_one_line(tmp_path: object) -> None:
    with pytest.raises(ValueError, match="No text model") as caught:
        TextEncoder(f"{tmp_path}/nothing-here")
    assert "\n" not in str(caught.value)


def test_equal_texts_have_equal_hashes() -> None:
    assert text_hash("mug") == text_hash("mug") != text_hash("Mug")
    assert len(text_hash("")) == 32
