"""What can go wrong with the graph, for callers to catch.

KgError
├── ConnectionFailed    no server there, or it refuses the password
├── ServerTooOld        the server lacks what the queries need
├── SchemaTooNew        a newer program has written this graph
├── LocalServerError    the local server cannot be fetched, started or stopped
├── StatementFailed     the server refuses or fails a statement
│   ├── AlreadyThere    what was to be created is there
│   └── MemoryPoolFull  a transaction is too large for the server's memory
├── UnknownQuery        no shipped query has that name, or its parameters are off
├── UnknownRun          no run has that id
└── UnknownName         no brand or attribute has that name or alias
"""


class KgError(Exception):
    """Root of the graph's errors; its text is one line for a person."""


class ConnectionFailed(KgError):
    """No server answers there, or it refuses the user and password."""


class ServerTooOld(KgError):
    """The server lacks what the queries need."""


class SchemaTooNew(KgError):
    """A newer program has written this graph."""


class LocalServerError(KgError):
    """The local server cannot be fetched, started or stopped."""


class StatementFailed(KgError):
    """The server refuses a statement or fails at it: its own first line."""


class AlreadyThere(StatementFailed):
    """What was to be created is there already."""


class MemoryPoolFull(StatementFailed):
    """A transaction is too large for the server's memory: less at once may fit."""


class UnknownQuery(KgError):
    """No shipped query has that name, or its parameters are off."""


class UnknownRun(KgError):
    """No run has that id."""


class UnknownName(KgError):
    """No brand or attribute has that name or alias."""
