"""What commands tell: an answer on stdout, a refusal in one line on stderr."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, NoReturn

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def emit(facts: dict[str, Any], text: str, as_json: bool) -> None:
    """The answer on stdout: for people, or as one JSON object."""
    typer.echo(json.dumps(facts, ensure_ascii=False, default=str) if as_json else text)


def fail(message: str, code: int) -> NoReturn:
    """End with one line on stderr."""
    typer.echo(f"shopgraph: {message}", err=True)
    sys.exit(code)
