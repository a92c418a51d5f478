"""The folder of one local server: what lies where, its password, what was last started."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from kg.errors import LocalServerError
from kg.local import guide
from kg.local.memory import Memory
from kg.local.ports import Ports

#: Another command's start or stop of the same server is waited for.
LOCK_SECONDS = 600.0
#: A new store takes about 70 MB.
NEEDED_MB = 100
#: The only user database of the Community edition.
DATABASE = "neo4j"
FOLDERS = ("conf", "data", "logs", "run", "import", "plugins")


@dataclass(frozen=True)
class Started:
    """A start of the server: its process and what it was told."""

    pid: int
    bolt_port: int
    http_port: int
    version: str

    @property
    def ports(self) -> Ports:
        """Where it listens."""
        return Ports(self.bolt_port, self.http_port)


class Home:
    """Paths below one folder, absolute whatever the working folder becomes."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute().resolve()
        self.neo4j = self.root / "neo4j"
        self.conf = self.neo4j / "conf"
        self.logs = self.neo4j / "logs"
        self.run = self.neo4j / "run"
        self.console = self.logs / "console.log"
        #: What Java is told at a start; its path on the command line marks our process.
        self.arguments = self.run / "server.args"
        #: The same for neo4j-admin.
        self.admin_arguments = self.run / "admin.args"
        #: Lies here while an import writes the store.
        self.importing = self.root / "importing"
        self.password_file = self.root / "password"
        self.started_file = self.root / "server.json"
        self.lock_file = self.root / "lock"

    @property
    def has_store(self) -> bool:
        """Whether a server has run here, after which the password is in the store."""
        return (self.neo4j / "data" / "databases" / "system").exists()

    @property
    def has_graph(self) -> bool:
        """Whether the user's database is there, filled by an import perhaps."""
        return (self.neo4j / "data" / "databases" / DATABASE).exists()

    @property
    def has_password(self) -> bool:
        """Whether a password lies ready for the first start."""
        return (self.neo4j / "data" / "dbms" / "auth.ini").exists()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other commands off, and tell a disk that fails in one line.

        Raises:
            LocalServerError: another command does not let go, or the disk fails.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.lock_file, timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise LocalServerError(f"Another command keeps {self.root} busy") from error
        except OSError as error:
            where = error.filename or self.root
            raise LocalServerError(f"Cannot use {where}: {error.strerror or error}") from error

    def create(self) -> None:
        """Make the folders that are not there."""
        for name in FOLDERS:
            (self.neo4j / name).mkdir(parents=True, exist_ok=True)

    def lack_of_room(self) -> str:
        """What to say of a disk too full for a server; empty where there is room."""
        free = shutil.disk_usage(self.root).free // 2**20
        return f"only {free} MB are free on the disk of {self.root}" if free < NEEDED_MB else ""

    def password(self) -> str:
        """The password, made up and kept for its owner alone where there is none."""
        if not self.password_file.exists():
            # Hexadecimal: neo4j-admin would take a leading hyphen for an option.
            write_private(self.password_file, secrets.token_hex(16))
        return self.password_file.read_text(encoding="utf-8").strip()

    def read_started(self) -> Started | None:
        """The last start, or None where it is unknown or unreadable."""
        try:
            data = json.loads(self.started_file.read_text(encoding="utf-8"))
            return Started(**data)
        except (OSError, ValueError, TypeError):
            return None

    def write_started(self, started: Started) -> None:
        """Keep the last start, whole or not at all."""
        write_private(self.started_file, json.dumps(asdict(started)) + "\n")

    def read_conf_ports(self) -> Ports | None:
        """The ports in the settings, or None where there are no settings."""
        try:
            conf = (self.conf / "neo4j.conf").read_text(encoding="utf-8")
        except OSError:
            return None
        found = dict(re.findall(r"^server\.(bolt|http)\.listen_address=.*:(\d+)$", conf, re.M))
        return Ports(int(found["bolt"]), int(found["http"])) if len(found) == 2 else None

    def read_console(self) -> str:
        """What the server has printed since its last start."""
        try:
            return self.console.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def write_conf(self, ports: Ports, memory: Memory) -> None:
        """Write the server's settings, which are the project's and not for editing."""
        settings = {
            "server.default_listen_address": "127.0.0.1",
            "server.default_advertised_address": "127.0.0.1",
            "server.bolt.listen_address": f"127.0.0.1:{ports.bolt}",
            "server.bolt.advertised_address": f"127.0.0.1:{ports.bolt}",
            "server.http.listen_address": f"127.0.0.1:{ports.http}",
            "server.http.advertised_address": f"127.0.0.1:{ports.http}",
            "server.memory.pagecache.size": f"{memory.page_cache_mb}m",
            "db.query.default_language": "CYPHER_25",
            # Without it LOAD CSV reads any file of the machine.
            "server.directories.import": "import",
            "dbms.usage_report.enabled": "false",
            "client.allow_telemetry": "false",
            # It serves this machine alone: nothing goes out, no proxy stands before it.
            "dbms.fleet_manager.enabled": "false",
            "server.fleet_discovery.enabled": "false",
            "server.http.x_forward.enabled": "false",
            # Old logs serve incremental backups, which Community lacks; by default a new store
            # takes 512 MB for them.
            "db.tx_log.rotation.size": "32m",
            "db.tx_log.rotation.retention_policy": "256M size",
            # By then the databases are closed: waiting five seconds twice saves nothing.
            "internal.server.bolt.thread_pool_shutdown_wait_time": "100ms",
            **guide.settings(ports.http),
        }
        lines = [f"{name}={value}" for name, value in settings.items()]
        (self.conf / "neo4j.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
