"""What test-time augmentation gains, and what it costs, as the page says it."""

from dataclasses import dataclass

from unfreeze.evaluation.comparison import SIGNIFICANT
from unfreeze.evaluation.tta_gain import TtaGain, tta_gain
from unfreeze.report.content import ReportContent, once


@dataclass(frozen=True, kw_only=True)
class AugmentedView:
    """What the page says of test-time augmentation.

    Attributes:
        gain: Answers with it beside those without.
        views: Views in all, the plain one included; None where that is not known.
    """

    gain: TtaGain
    views: int | None

    @property
    def sentence(self) -> str:
        """Whether it pays."""
        if self.gain.chance >= SIGNIFICANT:
            return "Whether it helps cannot be told from these pictures"
        return "It helps" if self.gain.difference > 0 else "It does harm"


@once
def augmented_view(content: ReportContent) -> AugmentedView | None:
    """What there is to say of test-time augmentation.

    Args:
        content: What the report shows.

    Returns:
        None where it was not asked for.
    """
    gain = tta_gain(content.judged)
    views = content.facts.get("settings", {}).get("tta_views")
    return AugmentedView(gain=gain, views=1 + int(views) if views else None) if gain else None
