"""What test-time augmentation gains, and what it costs."""

from dataclasses import dataclass

from unfreeze.evaluation.metrics import mcnemar
from unfreeze.evaluation.paired import paired_interval
from unfreeze.report.content import ReportContent, once

SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class TestTimeView:
    """What the page says of test-time augmentation.

    Attributes:
        plain: Part of the pictures that is answered rightly on the plain view.
        augmented: The same with the average over views.
        gained: Pictures that only the average is right about.
        lost: Pictures that only the plain view is right about.
        interval: In which the difference lies with 95 % confidence.
        chance: How likely a difference as large is by chance (McNemar's exact test).
        views: Views in all, the plain one included; None where that is not known.
    """

    plain: float
    augmented: float
    gained: int
    lost: int
    interval: tuple[float, float]
    chance: float
    views: int | None

    @property
    def sentence(self) -> str:
        """Whether it pays."""
        if self.chance >= SIGNIFICANT:
            return "Whether it helps cannot be told from these pictures"
        return "It helps" if self.gained > self.lost else "It does harm"


@once
def test_time_view(content: ReportContent) -> TestTimeView | None:
    """What there is to say of test-time augmentation.

    Args:
        content: What the report shows.

    Returns:
        None where it was not asked for.
    """
    table = content.judged
    if table.tta is None or not table.paths:
        return None
    plain = content.correct
    averaged = table.objective.agree(table.objective.answers(table.tta), table.targets)
    gained, lost = int((averaged & ~plain).sum()), int((plain & ~averaged).sum())
    views = content.facts.get("settings", {}).get("tta_views")
    return TestTimeView(
        plain=float(plain.mean()),
        augmented=float(averaged.mean()),
        gained=gained,
        lost=lost,
        interval=paired_interval(gained, lost, len(plain)),
        chance=mcnemar(plain, averaged),
        views=1 + int(views) if views else None,
    )
