"""A load's distributions as pictures: SVG in which the browser sets the words."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ingestion.report.distributions import bin_start

#: One colour a kind of event, the same in every picture.
COLOURS: Final = {
    "purchase": "#2b6cb0",
    "return": "#c05621",
    "view": "#a0aec0",
    "click": "#68a1d8",
    "cart": "#d69e2e",
    "rate": "#6b46c1",
    "review": "#b794f4",
    "search": "#38a169",
}
INK: Final = "#2d3748"
BEFORE: Final = "#cbd5e0"

STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "shopgraph",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#a0aec0",
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#edf2f7",
}

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def days_picture(times: Mapping[str, Any]) -> str:
    """Events a day, the kinds upon each other; by week where there are many days."""
    per_day: dict[str, dict[str, int]] = times["per_day"]
    first = np.datetime64(min(min(days) for days in per_day.values()), "D")
    last = np.datetime64(max(max(days) for days in per_day.values()), "D")
    width = 7 if (last - first).astype(int) > 120 else 1
    starts = np.arange(first, last + 1, width)

    def draw(axes: Axes) -> None:
        below = np.zeros(len(starts))
        for kind, days in per_day.items():
            places = (np.array(list(days), "datetime64[D]") - first).astype(int) // width
            counts = np.bincount(places, list(days.values()), len(starts))
            axes.bar(starts, counts, width * 0.9, below, label=kind, color=_colour(kind),
                     align="edge")  # fmt: skip
            below += counts
        axes.set_ylabel("events a week" if width == 7 else "events a day")
        axes.yaxis.set_major_formatter(FuncFormatter(_short))
        if len(per_day) > 1:
            axes.legend(frameon=False, ncols=len(per_day), loc="upper left")
            axes.set_ylim(0, below.max() * 1.2)

    return _svg(draw, 9.2, 2.6)


def week_picture(week: list[list[int]]) -> str:
    """When in the week things happen, as a map of hours."""

    def draw(axes: Axes) -> None:
        axes.imshow(week, aspect="auto", cmap="Blues", vmin=0)
        axes.set_yticks(range(7), DAYS)
        axes.set_xticks(range(0, 24, 3), [f"{hour}:00" for hour in range(0, 24, 3)])
        axes.grid(visible=False)

    return _svg(draw, 4.5, 2.1)


def amounts_picture(now: Mapping[str, int], before: Mapping[str, int] | None, label: str) -> str:
    """A histogram of amounts, that of the last load behind it."""

    def draw(axes: Axes) -> None:
        _histogram(axes, now, before, lambda place: _amount(bin_start(place)))
        axes.set_xlabel(label)

    return _svg(draw, 4.5, 2.1)


def degrees_picture(now: Mapping[str, int], before: Mapping[str, int] | None, who: str) -> str:
    """How many users or products have how many events."""

    def draw(axes: Axes) -> None:
        _histogram(axes, now, before, lambda place: _short(2 ** (place - 1)) if place else "0")
        axes.set_xlabel(f"events of a {who}, from")

    return _svg(draw, 4.5, 2.1)


def _histogram(
    axes: Axes,
    now: Mapping[str, int],
    before: Mapping[str, int] | None,
    named: Callable[[int], str],
) -> None:
    """Shares by bin; named at the edge from which a bin counts."""
    places = [int(place) for place in (*now, *(before or ()))]
    shown = range(min(places), max(places) + 1)
    for bins, colour, wide, label in (
        (before, BEFORE, 0.95, "last load"),
        (now, "#2b6cb0", 0.6, ""),
    ):
        if bins:
            total = sum(bins.values())
            shares = [bins.get(str(place), 0) / total for place in shown]
            axes.bar([place + 0.5 for place in shown], shares, wide, color=colour, label=label)
    if before:
        axes.legend(frameon=False, loc="upper right")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: named(round(place))))


def _svg(draw: Callable[[Axes], None], width: float, height: float) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.add_subplot())
        out = io.StringIO()
        figure.savefig(
            out,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        )
    text = out.getvalue()
    return text[text.index("<svg") :]


def _colour(kind: str) -> str:
    return COLOURS.get(kind, "#4a5568")


def _short(number: float, _: int = 0) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def _amount(number: float) -> str:
    return _short(float(f"{number:.1g}" if number >= 1 else f"{number:.2g}"))
