"""Dense numbers for the nodes of one label, in the order of their first mention."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import pyarrow as pa
from pandas.util import hash_array

from kg.tally import IntArray, KeyArray, Tally

_SCHEMA = pa.schema([("key", pa.large_string())])


class NodeIds:
    """Which keys have been named; 16 bytes of memory a node, the keys themselves on disk."""

    def __init__(self) -> None:
        self.count = 0
        self._numbers = Tally()  # one more than the node's number
        # A nameless file, open as long as this is in use.
        self._file: IO[bytes] = TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._keys = pa.ipc.new_stream(self._file, _SCHEMA)
        self._ended = False

    def take(self, keys: pa.Array) -> IntArray:
        """The number of each key, new keys getting the next ones; none may be absent."""
        coded = keys.dictionary_encode()
        distinct, codes = coded.dictionary, coded.indices.to_numpy()
        hashes: KeyArray = hash_array(distinct.to_numpy(zero_copy_only=False), categorize=False)
        numbers = self._numbers.get(hashes).astype(np.int64) - 1
        new = numbers < 0
        numbers[new] = self.count + np.arange(int(new.sum()))
        self.count += int(new.sum())
        order = np.argsort(hashes[new])
        self._numbers.add(hashes[new][order], (numbers[new][order] + 1).astype(np.uint64))
        self._keys.write_batch(pa.record_batch([distinct.filter(pa.array(new))], schema=_SCHEMA))
        taken: IntArray = numbers[codes]
        return taken

    def read_keys(self) -> Iterator[pa.Array]:
        """The keys in the order of their numbers, when no more will be taken."""
        if not self._ended:
            self._keys.close()
            self._ended = True
        self._file.seek(0)
        stream: Any = pa.ipc.open_stream(self._file)
        for batch in stream:
            yield batch.column(0)
