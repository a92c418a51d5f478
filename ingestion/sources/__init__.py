"""One module a format: its name, with ``-`` for ``_``, is what ``--format`` takes.

Each has ``detect(path) -> bool`` and ``read(path, block_rows, until) -> Iterator[Block]``, as
``ingestion.detect.Source`` says; nothing else has to know of it. One whose files of events stand
each for themselves may have ``split(path) -> list[Path]``, those files in the order of ``read``:
then a cluster can load them.
"""
