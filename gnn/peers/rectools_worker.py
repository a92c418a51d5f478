"""Trains RecTools' transformers, in an environment that has RecTools; imports nothing of ours.

Reads one JSON object a line and answers each with one: ``start`` with the sequences and the
model's arguments, ``train`` for some epochs, ``keep`` and ``restore`` parameters, ``encode``
histories. Arrays travel as ``.npz`` files.
"""

from __future__ import annotations

import copy
import itertools
import json
import logging
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.transformers.negative_sampler import TransformerNegativeSamplerBase
from rectools.models.nn.transformers.similarity import DistanceSimilarityModule

ENCODE_ROWS = 512


class SharedNegatives(TransformerNegativeSamplerBase):  # type: ignore[misc]
    """Products drawn uniformly once a batch, which all its positions share.

    RecTools draws them anew for each position and gathers as many vectors, which costs a CPU
    twenty times as long.
    """

    def get_negatives(
        self,
        batch_dict: dict[str, torch.Tensor],
        lowest_id: int,
        highest_id: int,
        session_len_limit: int | None = None,
        **_: Any,
    ) -> torch.Tensor:
        """The same for every position: (batch, positions, negatives), without copies."""
        rows, positions = batch_dict["x"].shape
        drawn = torch.randint(lowest_id, highest_id, (self.n_negatives,))
        return drawn.expand(rows, session_len_limit or positions, self.n_negatives)


class SharedSimilarity(DistanceSimilarityModule):  # type: ignore[misc]
    """Dot products with each position's own answer, first, and with the shared negatives."""

    def _get_pos_neg_logits(
        self, session_embs: torch.Tensor, item_embs: torch.Tensor, candidate_item_ids: torch.Tensor
    ) -> torch.Tensor:
        answers = item_embs[candidate_item_ids[:, :, 0]]
        own = (session_embs * answers).sum(dim=-1, keepdim=True)
        return torch.cat([own, session_embs @ item_embs[candidate_item_ids[0, 0, 1:]].T], dim=-1)


class Worker:
    """One model and what it was trained on."""

    model: SASRecModel
    rows: np.ndarray[Any, Any]
    kept: dict[str, torch.Tensor]

    def start(self, train: str, num_products: int, seed: int, arguments: dict[str, Any]) -> None:
        """Build the model and the sequences it learns from."""
        torch.manual_seed(seed)
        np.random.seed(seed)
        arrays = np.load(train)
        indptr, product = arrays["indptr"], arrays["product"]
        user = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        events = pd.DataFrame(
            {
                Columns.User: user,
                Columns.Item: product,
                Columns.Weight: 1.0,
                # Order is all that counts.
                Columns.Datetime: pd.Timestamp(0) + pd.to_timedelta(np.arange(len(user)), unit="s"),
            }
        )
        self.data = Dataset.construct(events)
        if arguments.pop("ligr"):
            from rectools.models.nn.transformers.ligr import LiGRLayers

            arguments["transformer_layers_type"] = LiGRLayers
        self.model = SASRecModel(
            negative_sampler_type=SharedNegatives,
            similarity_module_type=SharedSimilarity,
            **arguments,
        )
        self.num_products = num_products

    def train(self, epochs: int) -> None:
        """Train on for so many epochs."""
        self.model.fit_partial(self.data, min_epochs=epochs, max_epochs=epochs)

    def keep(self) -> None:
        """Remember the parameters."""
        self.kept = copy.deepcopy(self.network.state_dict())

    def restore(self) -> None:
        """Go back to the parameters that were kept."""
        self.network.load_state_dict(self.kept)

    @property
    def network(self) -> Any:
        """The network itself."""
        return self.model.lightning_model.torch_model

    @torch.inference_mode()
    def encode(self, queries: str, into: str) -> None:
        """Vectors of histories and of all products; zeros for what was never trained on."""
        arrays = np.load(queries)
        indptr, product = arrays["indptr"], arrays["product"]
        known = self.model.data_preparator.item_id_map.external_ids
        tokens = self.model.data_preparator.n_item_extra_tokens
        row_of = np.zeros(self.num_products, np.int64)
        row_of[known[tokens:].astype(np.int64)] = np.arange(tokens, len(known))
        length = self.model.data_preparator.session_max_len
        sessions = np.zeros((len(indptr) - 1, length), np.int64)
        for row, (begin, end) in enumerate(itertools.pairwise(indptr)):
            items = row_of[product[begin:end]]
            items = items[items > 0][-length:]
            if len(items):
                sessions[row, -len(items) :] = items
        network = self.network.eval()
        embeddings = network.item_model.get_all_embeddings()
        parts = [
            network.encode_sessions({"x": torch.from_numpy(block)}, embeddings)[:, -1]
            for block in np.array_split(sessions, max(1, len(sessions) // ENCODE_ROWS))
        ]
        users = torch.cat(parts) * torch.from_numpy(sessions[:, -1:] > 0)
        items = np.zeros((self.num_products, embeddings.shape[1]), np.float32)
        items[known[tokens:].astype(np.int64)] = embeddings[tokens:].numpy()
        np.savez(into, users=users.numpy().astype(np.float32), items=items)


def main() -> None:
    """Answer until there are no more lines."""
    warnings.filterwarnings("ignore")
    for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    worker = Worker()
    # What libraries print must not look like an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        getattr(worker, request.pop("do"))(**request)
        answers.write("{}\n")
        answers.flush()


if __name__ == "__main__":
    main()
