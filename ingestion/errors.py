"""What can go wrong with a source, for callers to catch."""


class SourceError(Exception):
    """A source cannot be read, or its rejects cannot be kept; the text is one line for a person."""
