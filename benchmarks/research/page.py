"""Writes the tables and pictures of docs/research from the rows; trains nothing.

python -m benchmarks.research.page
"""

from collections.abc import Callable, Sequence

from benchmarks.research import cycle_length, defaults
from benchmarks.research.comparisons import FINAL_LOSS, MEASURES, TOGETHER_LOSS, Pair, compared
from benchmarks.research.drawings import draw_courses, draw_forest, draw_lengths, legend, new_figure, save
from benchmarks.research.head_recipe import DEFAULT
from benchmarks.research.marked import fill
from benchmarks.research.rows import Row, read_rows
from benchmarks.research.tables import comparison_table, reference_table, without_rate

PICTURES = cycle_length.RESEARCH / "pictures"
LONGEST = ("one cycle of 15", "15 cycles of 1", "4 cycles, 1 + 2 + 4 + 8", "constant, 15")
DRAWN = {"head": (3, 8), "full": (3,)}
"""Of which parts the cycles' lengths are drawn, and for which numbers of epochs in all."""
PLAN, CHANGED = "plan", "changed"


def main() -> None:
    """Fills both pages."""
    fill(cycle_length.RESEARCH / "cycle-length.md", cycle_parts())
    fill(cycle_length.RESEARCH / "defaults.md", default_parts())
    draw()


def cycle_parts() -> dict[str, str]:
    """The tables of the study of cycles."""
    parts: dict[str, str] = {}
    for part in cycle_length.PARTS.values():
        rows = read_rows(part.file)
        named = without_rate if len(part.factors) == 1 else str
        parts |= family(part.name, rows, part.pairs, PLAN, named)
        references = list(dict.fromkeys(reference for _, reference in part.pairs))
        parts[f"{part.name}: references"] = reference_table(rows, references, first=PLAN, named=named)
        several = [(name, other) for name, other in part.pairs if part.variants[name][0].length is not None]
        parts[f"{part.name}: together"] = comparison_table(rows, several, TOGETHER_LOSS, first=PLAN, named=named)
    return parts


def default_parts() -> dict[str, str]:
    """The tables of the ablation."""
    parts: dict[str, str] = {}
    for part in defaults.PARTS.values():
        rows = read_rows(part.file)
        parts |= family(part.name, rows, part.pairs, CHANGED, str)
        parts[f"{part.name}: references"] = reference_table(rows, [DEFAULT], first="")
    return parts


def family(
    name: str, rows: Sequence[Row], pairs: Sequence[Pair], first: str, named: Callable[[str], str]
) -> dict[str, str]:
    """A table for each measure."""
    return {f"{name}: {each.name}": comparison_table(rows, pairs, each, first=first, named=named) for each in MEASURES}


def draw() -> None:
    """All pictures that there are rows for."""
    for name, totals in DRAWN.items():
        part = cycle_length.PARTS[name]
        rows = read_rows(part.file)
        if not rows:
            continue
        figure, all_axes = new_figure(5 * len(totals), 3.4, columns=len(totals))
        for axes, total in zip(all_axes, totals, strict=True):
            plans = {
                variant: plan.length or 0
                for variant, (plan, _) in part.variants.items()
                if plan.epochs == total and plan.mult == 1 and plan != plan.reference
            }
            draw_lengths(axes, compared(rows, part.pairs, FINAL_LOSS), dict(plans))
            axes.set_title(f"{total} epochs in all", fontsize=10)
        legend(all_axes[0])
        save(figure, PICTURES / f"cycle-length-{name}.png")
    draw_longest()
    for ablation in defaults.PARTS.values():
        rows, variants = read_rows(ablation.file), [name for name, _ in ablation.pairs]
        if not rows:
            continue
        figure, (axes,) = new_figure(7, 1 + 0.27 * len(variants))
        draw_forest(axes, compared(rows, ablation.pairs, FINAL_LOSS), variants)
        legend(axes, above=True)
        save(figure, PICTURES / f"defaults-{ablation.name}.png")


def draw_longest() -> None:
    """How the loss goes over fifteen epochs of the head."""
    part = cycle_length.PARTS["head"]
    rows = read_rows(part.file)
    names = [dataset.name for dataset in part.sets]
    figure, all_axes = new_figure(3.2 * len(names), 2.8, columns=len(names))
    for axes, name in zip(all_axes, names, strict=True):
        variants = {f"{plan}, rate {part.rate:.2g}": plan for plan in LONGEST}
        draw_courses(axes, [row for row in rows if row.dataset == name], variants)
        axes.set_title(name, fontsize=10)
    legend(all_axes[0])
    save(figure, PICTURES / "fifteen-epochs.png")


if __name__ == "__main__":
    main()
