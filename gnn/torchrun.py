"""What ``torchrun`` says of its processes, without loading PyTorch."""

from __future__ import annotations

import os


def started() -> int:
    """How many processes ``torchrun`` has started, this one among them; 1 without it."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def is_helper() -> bool:
    """Whether this process is one beside the first, which alone speaks."""
    return started() > 1 and os.environ["RANK"] != "0"
