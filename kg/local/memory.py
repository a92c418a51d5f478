"""How much memory a local server takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

GIB = 1024


@dataclass(frozen=True)
class Memory:
    """What one server may use, in MiB: the Java heap, and the pages of the store it keeps."""

    heap_mb: int
    page_cache_mb: int

    def __post_init__(self) -> None:
        """Refuse what the server cannot start with."""
        if self.heap_mb < 256 or self.page_cache_mb < 8:
            raise ValueError(f"Too little memory for a server: {self}")


def moderate(machine_mb: int) -> Memory:
    """A share that leaves room for training, and for other servers on the same machine."""
    return Memory(
        heap_mb=min(max(machine_mb // 8, GIB), 4 * GIB),
        page_cache_mb=min(max(machine_mb // 16, GIB // 4), 2 * GIB),
    )


def machine_mb() -> int:
    """The machine's memory in MiB, or the container's where that has less."""
    total: int = psutil.virtual_memory().total
    return min([total, *container_limits()]) // 2**20


def container_limits(
    membership: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> list[int]:
    """The memory limits in bytes of this process's control group and those around it."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    files: list[Path] = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        # Inside a container the path is often the host's; its own limits then lie at the root.
        base = root / "memory" if controllers else root
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        folder = base / group.strip("/")
        files += [each / name for each in (folder, *folder.parents) if each.is_relative_to(base)]
    return [limit for limit in map(read_limit, files) if limit is not None]


def read_limit(file: Path) -> int | None:
    """The limit in a control group's file, if there is the file and a limit in it."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
