"""The guide and the style that Neo4j Browser finds when it connects to a local server.

The server serves the Browser from the first ``browser/`` on its class path. There the Browser's own
files lie unpacked, with ours beside them: nothing is fetched from elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kg.connection import CYPHER

FILES: Final = ("guide.html", "style.grass")

#: Where they are served, below the server's address.
SERVED: Final = "browser/shopgraph"


def served(jars: Sequence[Path]) -> Path | None:
    """The folder with the Browser's files and ours, which is to come first on the class path.

    It lies beside the jars, unpacked once for each version of either. None where there is no
    Browser among the jars.

    Raises:
        OSError: the disk fails.
    """
    jar = next((jar for jar in jars if jar.name.startswith("neo4j-browser-")), None)
    if jar is None:
        return None
    ours = {name: (CYPHER / "browser" / name).read_bytes() for name in FILES}
    digest = hashlib.sha256(b"".join([jar.name.encode(), *ours.values()])).hexdigest()[:12]
    folder = jar.parent.parent / f"served-{digest}"
    if folder.exists():
        return folder
    # Whole or not at all: another command may be at it, too.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="served-") as made:
        partial = Path(made) / "whole"
        with zipfile.ZipFile(jar) as packed:
            names = [name for name in packed.namelist() if name.startswith("browser/")]
            packed.extractall(partial, names)
        (partial / SERVED).mkdir()
        for name, content in ours.items():
            (partial / SERVED / name).write_bytes(content)
        with contextlib.suppress(OSError):
            partial.rename(folder)
    return folder


def settings(http_port: int) -> dict[str, str]:
    """Settings of the server with which the Browser opens the guide in our style."""
    at = f"http://127.0.0.1:{http_port}/{SERVED}"
    return {
        "browser.post_connect_cmd": f"style {at}/style.grass;play {at}/guide.html",
        "browser.remote_content_hostname_whitelist": "127.0.0.1,localhost",
    }
