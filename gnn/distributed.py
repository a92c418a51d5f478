"""One training on several processes, each answering its share of every step's questions.

``torchrun`` starts them: gloo joins them on CPUs, NCCL on GPUs. All hold the same weights and draw
the same random numbers, so that they take the very steps that one process would. In one process
the functions here do nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

from gnn.torchrun import started

T = TypeVar("T")

#: How long processes wait for the first, which reads the graph alone.
PATIENCE = timedelta(hours=12)


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Join the processes that ``torchrun`` has started, each with a GPU of its own if any."""
    if started() == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """This process among them; 0 reads and writes for all."""
    return dist.get_rank() if dist.is_initialized() else 0


def own(count: int) -> slice:
    """The part of ``count`` things that is this process's."""
    return slice(count * rank() // world(), count * (rank() + 1) // world())


def agreed(value: T | None) -> T:
    """The first process's value, in all of them; what the others give is not looked at."""
    shared: list[Any] = [value]
    if world() > 1:
        dist.broadcast_object_list(shared, src=0, device=torch.device("cpu"))
    result: T = shared[0]
    return result


def of_first(make: Callable[[], T]) -> T:
    """What ``make`` gives in the first process, which alone calls it, in all of them."""
    return agreed(make() if rank() == 0 else None)


@torch.no_grad()
def align(tensors: Iterable[Tensor]) -> None:
    """Give all processes the first one's values, in place."""
    if world() > 1:
        for tensor in tensors:
            dist.broadcast(tensor, src=0)


def total(value: float) -> float:
    """The sum over all processes."""
    if world() == 1:
        return value
    summed = torch.tensor(value, dtype=torch.float64)
    dist.all_reduce(summed)
    return float(summed)


@torch.no_grad()
def add_gradients(parameters: Iterable[Tensor]) -> None:
    """Give each parameter the sum of all processes' gradients, the same in each, bit for bit.

    One that no process has a gradient of has none afterwards, too.
    """
    if world() == 1:
        return
    every = list(parameters)
    reached = torch.tensor([p.grad is not None for p in every], dtype=torch.int32)
    dist.all_reduce(reached, op=dist.ReduceOp.MAX)
    used = [p for p, is_reached in zip(every, reached.tolist(), strict=True) if is_reached]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in used]
    summed = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(summed)
    pieces = torch.split(summed, [p.numel() for p in used])
    for parameter, piece in zip(used, pieces, strict=True):
        parameter.grad = piece.view_as(parameter)
