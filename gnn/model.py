"""Vectors for products from the graph, and for users from the products of their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from gnn.config import ModelConfig
from gnn.propagation import Adjacency, ScaledPropagation
from kg.records import KINDS

EdgeType = tuple[str, str, str]

#: Half-lives, in days, of the popularity that a model may follow.
TREND_DAYS = (7.0, 28.0, 112.0)


@dataclass(frozen=True)
class History:
    """A batch of histories as ragged tensors, the newest ``config.history`` events of each.

    Shapes:
        offsets: (queries,) int64, where each history starts
        product, kind: (events,) int64
        rank: (events,) float32, how many events of the query are newer
        days: (events,) float32, days between the event and the question; 0 without times
    """

    offsets: Tensor
    product: Tensor
    kind: Tensor
    rank: Tensor
    days: Tensor

    @property
    def query(self) -> Tensor:
        """The query of each event: (events,) int64."""
        ends = torch.cat([self.offsets[1:], self.offsets.new_tensor([len(self.product)])])
        return torch.repeat_interleave(ends - self.offsets)

    def to(self, device: torch.device) -> History:
        """The same batch on a device."""
        return History(
            self.offsets.to(device),
            self.product.to(device),
            self.kind.to(device),
            self.rank.to(device),
            self.days.to(device),
        )


class ProductEncoder(nn.Module):
    """z = x + Σ_r α_r ⊙ A_r x over typed relations, x = id + W·text + attributes.

    One linear propagation over typed product–product edges; a product's attribute nodes (brands,
    categories, attributes, words) have vectors of their own, which are features of it.
    """

    def __init__(
        self,
        products: int,
        attributes: int,
        text_dim: int,
        relations: list[str],
        config: ModelConfig,
    ) -> None:
        super().__init__()
        self.config = config
        self.ids = nn.Embedding(products, config.dim)
        nn.init.normal_(self.ids.weight, std=0.05)
        self.has_text = config.use_text and text_dim > 0
        if self.has_text:
            self.text = nn.Linear(text_dim, config.dim, bias=False)
            nn.init.normal_(self.text.weight, std=0.3 / text_dim**0.5)
            self.no_text = nn.Parameter(torch.zeros(config.dim))
        self.num_attributes = attributes
        self.has_attributes = attributes > 0
        if self.has_attributes:
            self.attributes = nn.Embedding(attributes, config.dim)
            nn.init.normal_(self.attributes.weight, std=0.05)
            self.has = ScaledPropagation(config.dim, initial=1.0)
        used = relations if config.use_propagation else []
        self.relations = nn.ModuleDict({name: ScaledPropagation(config.dim) for name in used})

    def forward(
        self,
        text: Tensor,
        has_text: Tensor,
        graph: Mapping[EdgeType, Adjacency],
        keep_id: Tensor | None = None,
        keep_attribute: Tensor | None = None,
        sources: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        """Embed every product, or of a part of the graph those that are asked for.

        Shapes:
            text: (sources, text_dim); has_text: (sources,) bool
            graph: adjacency (targets, sources) of each edge type
            keep_id: (sources, 1), what the id embedding is multiplied with, or None
            keep_attribute: (attributes, 1), the same of the attributes' embeddings
            sources: (sources,) int64, the products that are in the graph; None for all
            rows: (targets,) int64, which sources are embedded; None for all
            returned: (targets, dim)
        """
        ids = self.ids.weight if sources is None else self.ids(sources)
        x = ids if keep_id is None else ids * keep_id
        if self.has_text:
            x = x + torch.where(has_text.unsqueeze(1), self.text(text), self.no_text)
        if self.has_attributes:
            nodes = self.attributes.weight
            nodes = nodes if keep_attribute is None else nodes * keep_attribute
            x = x + self.has(nodes, graph["attribute", "has", "product"])
        z = x if rows is None else x[rows]
        for name, conv in self.relations.items():
            z = z + conv(x, graph["product", name, "product"])
        return z


class UserEncoder(nn.Module):
    """h = Σ_k β_k ⊙ Σ_e w_ke z_e (/ Σ_e w_ke): pools that forget at learned rates.

    ln w_ke = c_k,kind − a_k ln(1 + r) − λ_k r − b_k ln(1 + days), r the number of newer events.
    Linear in the products' vectors, so that a database can recompute it from stored ones; no user
    has parameters. A mean (``config.mean_pools``) says the same of a long history and a short one;
    a sum grows surer with what it has seen. Of several members (``config.members``) each has a
    block of the vector, in order, and pools of its own over it.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.mean = config.mean_pools
        self.members = config.members
        spread = torch.linspace(0.0, 1.0, config.pools).repeat(self.members)
        self.by_rank = nn.Parameter(spread.clone() if self.mean else 0.0 * spread)
        # λ from slow to fast; next to nothing where long histories are averaged.
        slow, fast = (-9.0, -6.0) if self.mean else (-2.8, 0.4)
        self.log_by_age = nn.Parameter(slow + (fast - slow) * spread)
        self.by_days = nn.Parameter(0.5 * spread)
        if not config.use_recency:
            self._forget_nothing()
        self.by_kind = nn.Parameter(torch.zeros(len(spread), len(KINDS)))
        self.beta = nn.Parameter(torch.ones(len(spread), config.dim) / config.pools)

    @torch.no_grad()
    def _forget_nothing(self) -> None:
        """An event counts as much whenever it was, and training leaves it so."""
        for rate in (self.by_rank, self.by_days):
            rate.zero_().requires_grad_(False)
        self.log_by_age.fill_(-torch.inf).requires_grad_(False)

    def weights(self, history: History) -> Tensor:
        """Unnormalised weights (pools, events), all positive."""
        exponent = self.by_kind[:, history.kind]
        exponent = exponent - self.by_rank.unsqueeze(1) * torch.log1p(history.rank)
        exponent = exponent - self.log_by_age.exp().unsqueeze(1) * history.rank
        exponent = exponent - self.by_days.unsqueeze(1) * torch.log1p(history.days)
        return exponent.exp()

    def numbers(self) -> dict[str, list[float] | bool]:
        """All that a database needs to compute h, matrices row by row, β as long as a block."""
        return {
            "rank": self.by_rank.tolist(),
            "age": self.log_by_age.exp().tolist(),
            "days": self.by_days.tolist(),
            "kind": self.by_kind.flatten().tolist(),
            "mix": self.beta.flatten().tolist(),
            "mean": self.mean,
        }

    def forward(self, z: Tensor, history: History) -> Tensor:
        """Embed the users of a batch; who has no history gets zeros.

        Shapes:
            z: (products, members · dim); returned: (queries, members · dim)
        """
        if not len(history.product):
            return z.new_zeros(len(history.offsets), z.shape[1])
        query = history.query
        weights = self.weights(history).chunk(self.members)
        parts = zip(
            z.chunk(self.members, dim=1), weights, self.beta.chunk(self.members), strict=True
        )
        return torch.cat([self._block(history, query, *part) for part in parts], dim=1)

    def _block(
        self, history: History, query: Tensor, z: Tensor, weights: Tensor, betas: Tensor
    ) -> Tensor:
        """One member's part of the vectors: (queries, dim) from (pools, ·) weights and β."""
        z = z.contiguous()
        h = torch.zeros(len(history.offsets), z.shape[1], device=z.device, dtype=z.dtype)
        for weight, beta in zip(weights, betas, strict=True):
            if self.mean:
                total = torch.zeros(len(h), device=z.device).index_add(0, query, weight)
                weight = weight / total.clamp_min(1e-12)[query]
            pool = F.embedding_bag(
                history.product, z, history.offsets, mode="sum", per_sample_weights=weight
            )
            h = h + beta * pool
        return h


class SetEncoder(nn.Module):
    """h = [s_1 p_1 / ‖p_1‖, s_2 p_2 / √n, …] with p_k = Σ_e c_kind w_k,product z_k,product.

    Each block of the vectors has a pool of its own, in which a product weighs what the block says;
    n is how many events count. For sets: neither rank nor age matters. Linear in the products'
    vectors up to one factor a user and block.
    """

    def __init__(self, products: int, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.products: Tensor
        self.kinds: Tensor
        self.scale: Tensor
        self.register_buffer("products", torch.ones(len(self.sizes), products))
        self.register_buffer("kinds", torch.ones(len(KINDS)))
        self.register_buffer("scale", torch.ones(len(self.sizes)))

    def numbers(self) -> dict[str, list[float] | list[int]]:
        """All that a database needs to compute h beside what each product weighs."""
        return {
            "sizes": self.sizes,
            "kinds": self.kinds.tolist(),
            "scale": self.scale.tolist(),
        }

    def forward(self, z: Tensor, history: History) -> Tensor:
        """Embed the users of a batch; who has no history gets zeros.

        Shapes:
            z: (products, sum of sizes); returned: (queries, sum of sizes)
        """
        counted = self.kinds[history.kind]
        pools = []
        for part, block in enumerate(torch.split(z, self.sizes, dim=1)):
            weight = counted * self.products[part, history.product]
            pools.append(
                F.embedding_bag(
                    history.product,
                    block.contiguous(),
                    history.offsets,
                    mode="sum",
                    per_sample_weights=weight,
                )
            )
        query = history.query
        count = torch.zeros(len(history.offsets), device=z.device).index_add(
            0, query, (counted > 0).to(z.dtype)
        )
        first = F.normalize(pools[0], dim=1)
        rest = [pool * count.clamp_min(1).rsqrt().unsqueeze(1) for pool in pools[1:]]
        scaled = [s * pool for s, pool in zip(self.scale, [first, *rest], strict=True)]
        return torch.cat(scaled, dim=1)


class Recommender(nn.Module):
    """score(u, j) = h_u · z_j + b_j + Σ_t w_t · trend_jt."""

    def __init__(
        self,
        products: int,
        attributes: int,
        text_dim: int,
        relations: list[str],
        config: ModelConfig,
        neighbour_features: int = 0,
    ) -> None:
        super().__init__()
        self.config = config
        self.products = ProductEncoder(products, attributes, text_dim, relations, config)
        self.users = UserEncoder(config)
        self.bias = nn.Parameter(torch.zeros(products))
        self.trend = nn.Parameter(torch.full((len(TREND_DAYS),), 0.1))
        self.raw_gamma = nn.Parameter(torch.zeros(neighbour_features))

    def gamma(self) -> Tensor:
        """The weights of the sparse term's features, above zero: (features,)."""
        return F.softplus(self.raw_gamma)

    def product_bias(self, bias: Tensor, trend: Tensor) -> Tensor:
        """What a product scores with anybody.

        Shapes:
            bias: (products,), what was learned of each
            trend: (products, half-lives), log popularity; returned: (products,)
        """
        return bias + trend @ self.trend if self.config.use_recency else bias
