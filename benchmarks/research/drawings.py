"""The studies' pictures."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.research.comparisons import Comparison
from benchmarks.research.rows import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = ("o", "s", "^", "D", "v")
DOTS_PER_INCH = 80


def new_figure(width: float, height: float, *, columns: int = 1) -> "tuple[Figure, Sequence[Axes]]":
    """A figure of so many inches, its axes side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=DOTS_PER_INCH)
    axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def legend(axes: "Axes", *, above: bool = False) -> None:
    """Names what is drawn, where anything is; above the axes where they are full."""
    labels = axes.get_legend_handles_labels()[1]
    if labels and above:
        axes.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(labels))
    elif labels:
        axes.legend(fontsize=7)


def save(figure: "Figure", path: Path) -> None:
    """Writes a figure as PNG, without what would differ from day to day."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def draw_lengths(axes: "Axes", found: Sequence[Comparison], lengths: dict[str, float]) -> None:
    """The loss against the length of cycles, as a part of that of one cycle, a line a data set, with intervals.

    Args:
        axes: Where to draw.
        found: Comparisons of losses with one cycle.
        lengths: Length in epochs of the cycles of each variant; 0 for a constant rate.
    """
    datasets = list(dict.fromkeys(each.dataset for each in found))
    known = sorted(set(lengths.values()) - {0})
    places = {length: float(index) for index, length in enumerate(known)} | {0: -1.0}
    for index, dataset in enumerate(datasets):
        mine = [each for each in found if each.dataset == dataset and each.variant in lengths and each.found]
        mine.sort(key=lambda each: lengths[each.variant])
        spots = [places[lengths[each.variant]] + 0.08 * (index - len(datasets) / 2) for each in mine]
        ratios = [tuple(math.exp(end) for end in (e.found.mean, e.found.low, e.found.high)) for e in mine if e.found]
        means = [mean for mean, _, _ in ratios]
        reach = [[mean - low for mean, low, _ in ratios], [high - mean for mean, _, high in ratios]]
        axes.errorbar(spots, means, yerr=reach, marker=MARKS[index], capsize=2, linewidth=1, label=dataset)
    axes.axhline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    _plain_ticks(axes)
    axes.set_xticks(list(places.values()), ["constant" if length == 0 else f"{length:g}" for length in places])
    axes.set_xlabel("length of a cycle in epochs")
    axes.set_ylabel("validation loss, times one cycle's")


def _plain_ticks(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def draw_courses(axes: "Axes", rows: Sequence[Row], variants: dict[str, str]) -> None:
    """Mean validation loss after each epoch, a line a variant.

    Args:
        axes: Where to draw.
        rows: Of one data set.
        variants: How variants are called in the legend, by their names.
    """
    for index, (variant, label) in enumerate(variants.items()):
        courses = [row.losses for row in rows if row.variant == variant and row.losses]
        if courses:
            means = [statistics.fmean(losses) for losses in zip(*courses, strict=True)]
            axes.plot(range(1, len(means) + 1), means, marker=MARKS[index], markersize=3, linewidth=1, label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("validation loss")


def draw_forest(axes: "Axes", found: Sequence[Comparison], variants: Sequence[str]) -> None:
    """What each variant changes, a mark a data set, with intervals; filled where it stands after the correction.

    Args:
        axes: Where to draw.
        found: Comparisons of losses.
        variants: From top to bottom.
    """
    datasets = list(dict.fromkeys(each.dataset for each in found))
    for index, dataset in enumerate(datasets):
        colour = f"C{index}"
        mine = [each for each in found if each.dataset == dataset and each.variant in variants]
        for each in mine:
            if each.found is None:
                continue
            place = -variants.index(each.variant) - 0.14 * (index - (len(datasets) - 1) / 2)
            low, mean, high = (math.exp(end) for end in (each.found.low, each.found.mean, each.found.high))
            axes.plot([low, high], [place, place], color=colour, linewidth=0.8)
            face = colour if each.significant else "white"
            axes.plot([mean], [place], MARKS[index], color=colour, markerfacecolor=face, markersize=4)
        axes.plot([], [], MARKS[index], color=colour, label=dataset)
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks([-float(place) for place in range(len(variants))], list(variants))
    axes.set_ylim(-len(variants) + 0.4, 0.6)
    axes.set_xlim(0.6, 1.8)
    axes.set_xlabel("validation loss, times that of the defaults")
