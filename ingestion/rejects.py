"""The file that keeps the rows a load refuses."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ingestion.blocks import REJECT_COLUMNS, Rejects
from ingestion.errors import SourceError


class RejectsFile:
    """Appends rejects to a CSV of their own, which is there only once there are any."""

    def __init__(self, folder: Path, source: Path, now: datetime) -> None:
        self.counts: Counter[str] = Counter()
        self.path: Path | None = None
        self._folder = folder
        self._name = f"rejects-{now:%Y%m%dT%H%M%SZ}-{source.resolve().name}"
        self._handle: TextIO | None = None

    def write(self, rejects: Rejects) -> None:
        """Add rows and count them by reason.

        Raises:
            SourceError: they cannot be kept, as on a full disk.
        """
        if not len(rejects):
            return
        self.counts.update(rejects.counts())
        try:
            handle = self._handle or self._open()
            rows = rejects.frame.itertuples(index=False, name=None)
            # Texts are quoted, or a lone carriage return in one would end its row.
            writer = csv.writer(handle, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
            writer.writerows(rows)
            handle.flush()
        except OSError as error:
            raise self._unkept(error) from error

    def close(self) -> None:
        """Finish the file.

        Raises:
            SourceError: its end cannot be kept.
        """
        if self._handle is not None:
            try:
                self._handle.close()
            except OSError as error:
                raise self._unkept(error) from error

    def _open(self) -> TextIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while self._handle is None:
            # Another load of the same second keeps its own file.
            path = self._folder / f"{self._name}{f'-{number}' if number > 1 else ''}.csv"
            try:
                self._handle = path.open("x", encoding="utf-8", newline="")
            except FileExistsError:
                number += 1
            else:
                self.path = path
                csv.writer(self._handle, lineterminator="\n").writerow(REJECT_COLUMNS)
        return self._handle

    def _unkept(self, error: OSError) -> SourceError:
        where = self.path or self._folder
        return SourceError(f"{where}: rejects cannot be kept: {os.strerror(error.errno or 0)}")
