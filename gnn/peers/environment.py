"""Environments of their own for peers whose versions clash with ours, made at first use."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import platformdirs
from filelock import FileLock

from gnn.recommender import MissingInput

#: Marks an environment that is whole.
COMPLETE = "complete"
INSTALL_SECONDS = 1200


def python_with(name: str, requirements: Sequence[str]) -> Path:
    """The interpreter of a machine-wide environment with these packages; made where it lacks.

    Raises:
        MissingInput: it cannot be made here; in one line, why.
    """
    digest = hashlib.blake2b("\n".join(requirements).encode(), digest_size=6).hexdigest()
    cache = Path(os.environ.get("SHOPGRAPH_CACHE") or platformdirs.user_cache_dir("shopgraph"))
    folder = cache / "peers" / f"{name}-{digest}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (folder / COMPLETE).exists() and python.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not ((folder / COMPLETE).exists() and python.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            uv = _uv(name)
            _run(name, [uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
            install = [uv, "pip", "install", "--quiet", "--python", str(python), *requirements]
            try:
                _run(name, install)
            except MissingInput:
                # Behind a company's proxy only the system's certificates know its authority.
                _run(name, install, UV_SYSTEM_CERTS="true")
            (folder / COMPLETE).touch()
    return python


def _uv(name: str) -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise MissingInput(f"{name} needs an environment of its own, and uv to make it")
    return found


def _run(name: str, command: Sequence[str], **variables: str) -> None:
    try:
        done = subprocess.run(
            command,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingInput(f"{name} could not get an environment of its own: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.split())[:300] or f"exit code {done.returncode}"
        raise MissingInput(f"{name} could not get an environment of its own: {said}")
