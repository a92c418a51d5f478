"""Messages along one typed relation: linear, weighted, fused."""

from __future__ import annotations

import warnings

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing


class Adjacency:
    """A fixed weighted relation as CSR, with its transpose at hand for the backward pass.

    Shapes:
        forward: (targets, sources) sparse CSR float32; backward: its transpose
    """

    def __init__(self, forward: Tensor, backward: Tensor) -> None:
        self.forward = forward
        self.backward = backward

    @classmethod
    def from_scipy(cls, matrix: sp.csr_array) -> Adjacency:
        """From a (targets, sources) matrix of weights."""
        return cls(_csr(matrix), _csr(sp.csr_array(matrix.T)))

    def to(self, device: torch.device) -> Adjacency:
        """The same relation on a device."""
        return Adjacency(self.forward.to(device), self.backward.to(device))

    def scipy(self) -> sp.csr_array:
        """The weights: (targets, sources)."""
        rows = self.forward.cpu()
        parts = (rows.values(), rows.col_indices(), rows.crow_indices())
        return sp.csr_array(
            tuple(part.numpy() for part in parts), shape=(rows.shape[0], rows.shape[1])
        )


class _Multiply(torch.autograd.Function):
    """Sparse times dense, whose gradient is the transpose times the gradient."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, adjacency: Adjacency, x: Tensor
    ) -> Tensor:
        ctx.backward_matrix = adjacency.backward  # type: ignore[attr-defined]
        # Sparse products are bound by memory: half floats would only make them inexact.
        with torch.autocast(x.device.type, enabled=False):
            return adjacency.forward @ x

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[None, Tensor]:
        return None, ctx.backward_matrix @ gradient.contiguous()  # type: ignore[attr-defined]


class ScaledPropagation(MessagePassing):  # type: ignore[misc]
    """x'_i = α ⊙ Σ_j w_ij x_j: one linear propagation, scaled by a learned vector α.

    The simplest light convolution (He et al., LightGCN, 2020) with a weight a relation and
    dimension, so that training says which relations matter.
    """

    def __init__(self, dim: int, initial: float = 0.3) -> None:
        super().__init__(aggr="sum")
        self.alpha = nn.Parameter(torch.full((dim,), initial))

    def forward(self, x: Tensor | tuple[Tensor, Tensor], adjacency: Adjacency) -> Tensor:
        """Gather the neighbours' vectors.

        Shapes:
            x: (sources, dim), or the pair of sources and targets
            adjacency: (targets, sources)
            returned: (targets, dim)
        """
        source = x[0] if isinstance(x, tuple) else x
        return self.alpha * self.message_and_aggregate(adjacency, source)

    def message_and_aggregate(self, adjacency: Adjacency, x: Tensor) -> Tensor:
        """Σ_j w_ij x_j without making the messages one by one."""
        result: Tensor = _Multiply.apply(adjacency, x)
        return result


def _csr(matrix: sp.csr_array) -> Tensor:
    with warnings.catch_warnings():
        # PyTorch calls CSR "beta" at the first tensor made; the products used here are stable.
        warnings.filterwarnings("ignore", message=".*[Ss]parse.*")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data.astype(np.float32)),
            size=matrix.shape,
        )
