"""What may be believed of the figures, and what not."""

from unfreeze.audit.findings import Kind
from unfreeze.report.calibration import calibration_view
from unfreeze.report.content import ReportContent
from unfreeze.report.data import findings_of
from unfreeze.report.refusal import refusal_view
from unfreeze.report.words import FEW_PICTURES, percent

NO_PART = "None of these pictures is, byte for byte, one that the run was made from."


def trust(content: ReportContent) -> list[str]:
    """How far the figures can be trusted, a sentence or two a point.

    Args:
        content: What the report shows.

    Returns:
        Plain words, what matters most first.
    """
    found = [*_known(content), *_flattered(content), *_counted(content), *_chosen(content)]
    calibration, refusal = calibration_view(content), refusal_view(content)
    if calibration:
        found.append(calibration.sentence)
    if refusal:
        found.append(
            f"Pictures of other things are answered with ‘none of these’ where they look strange enough; about "
            f"{percent(refusal.expected)} of the right ones are refused as well."
        )
    return found


def _known(content: ReportContent) -> list[str]:
    """What is known of the part that new pictures had in the run; that they had none is said last (`_chosen`)."""
    return [f"{note[:1].upper()}{note[1:]}." for note in content.known]


def _flattered(content: ReportContent) -> list[str]:
    leaks = len(findings_of(content).get(Kind.LEAK, ()))
    if not leaks:
        return []
    pairs = "a picture lies" if leaks == 1 else f"{leaks:,} pictures lie"
    return [f"The figures flatter: {pairs} on both sides of the split, so the model has seen the answer."]


def _counted(content: ReportContent) -> list[str]:
    count = len(content.judged.paths)
    if count >= FEW_PICTURES:
        return []
    return [f"{count} {content.noun} pictures are few: the interval, not the figure, is the result."]


def _chosen(content: ReportContent) -> list[str]:
    """What the test pictures say, or what it means that there are none."""
    figures = content.figures
    if content.subject == "new":
        return [*_pooled(content), *([] if content.known else [NO_PART])]
    if not figures.get("test_images"):
        return ["The same pictures chose the weights, so the figure flatters a little; a test folder would not."]
    low, high = figures["test_accuracy_interval"]
    return [
        f"The {figures['test_images']:,} test pictures had no part in any choice and were used once, at the end: "
        f"{figures['measure']} {percent(figures['test_accuracy'])} "
        f"(95 % interval {100 * low:.1f} to {percent(high)})."
    ]


def _pooled(content: ReportContent) -> list[str]:
    splits = list(dict.fromkeys(content.judged.splits))
    if len(splits) < 2:
        return []
    named = f"{', '.join(splits[:-1])} and {splits[-1]}"
    return [f"Pictures of the splits {named} are counted together here; under All figures they stand apart."]
