"""Text files, plain or gzipped, by physical lines, in bounded memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from ingestion.errors import SourceError

#: No physical line is longer, in bytes.
LINE_LIMIT = 4 << 20
#: What the rejects keep of a line too long to be read.
KEPT_OF_OVERLONG = 1000

UTF8_MARK = b"\xef\xbb\xbf"
GZIP_MARK = b"\x1f\x8b"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """A physical line; ``fault`` is why no row may hold it, or empty."""

    number: int
    text: str
    fault: str


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked; whatever the disk or gzip has to say is one line.

    Raises:
        SourceError: it cannot be read to its end.
    """
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path, "rb") as packed, io.BufferedReader(packed) as handle:
                yield handle
        else:
            with path.open("rb") as handle:
                yield handle
    except gzip.BadGzipFile as error:
        raise SourceError(f"{path}: not a sound gzip file ({error})") from error
    except (EOFError, zlib.error) as error:
        raise SourceError(f"{path}: the gzip file is cut short or damaged") from error
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error


class LineReader(Protocol):
    """Bytes, by line."""

    def readline(self, limit: int, /) -> bytes:
        """The rest of the line, or ``limit`` bytes of it; nothing at the end."""


def read_line(handle: LineReader, number: int, path: Path) -> Line | None:
    """The next physical line, that of this number; None at the end. Too long a one comes cut.

    Raises:
        SourceError: it is not UTF-8.
    """
    raw = handle.readline(LINE_LIMIT)
    if not raw:
        return None
    if number == 1:
        raw = raw.removeprefix(UTF8_MARK)
    if len(raw) >= LINE_LIMIT and not raw.endswith(b"\n"):
        start = raw[:KEPT_OF_OVERLONG].decode("utf-8", errors="replace")
        while raw and not raw.endswith(b"\n"):
            raw = handle.readline(LINE_LIMIT)
        return Line(number, start.replace('"', "'"), "overlong-line")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(_not_utf8(path, number, raw, error.start)) from error
    return Line(number, text, "nul-character" if "\0" in text else "")


def read_lines(handle: BinaryIO, path: Path) -> Iterator[Line]:
    """Every physical line.

    Raises:
        SourceError: one is not UTF-8.
    """
    number = 1
    while (line := read_line(handle, number, path)) is not None:
        yield line
        number += 1


def _not_utf8(path: Path, number: int, raw: bytes, at: int) -> str:
    where = f"{path}: line {number}, byte {at + 1}: 0x{raw[at]:02X} is not UTF-8"
    if number == 1 and raw.startswith(UTF16_MARKS):
        return f"{where}; the file looks like UTF-16: save it as UTF-8"
    if number == 1 and raw.startswith(GZIP_MARK):
        return f"{where}; the file looks gzipped: name it {path.suffix}.gz"
    return f"{where}: save the file as UTF-8"
