"""``python -m shopgraph`` is the program ``shopgraph``."""

from shopgraph.cli import main

main()
