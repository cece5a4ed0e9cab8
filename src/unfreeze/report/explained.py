"""Why the worst mistakes were made: what in the square spoke for the class said, and what for the true one."""

from collections.abc import Sequence
from dataclasses import dataclass

from unfreeze.errors import UnfreezeError
from unfreeze.report.content import ReportContent
from unfreeze.report.galleries import Shown, mistakes, shown
from unfreeze.report.overlays import overlay_uris
from unfreeze.report.pictures import square_uri

EXPLAINED = 6


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A mistake with its evidence.

    Attributes:
        shown: The picture, and what was said of it.
        square: What the network saw; a data URI.
        said: Name of the class that was said wrongly.
        for_said: Evidence for it over the square; a data URI.
        true: Name of the class that was missed.
        for_true: Evidence for that; a data URI.
    """

    shown: Shown
    square: str
    said: str
    for_said: str
    true: str
    for_true: str


@dataclass(frozen=True, kw_only=True)
class ExplainedView:
    """What the page says of why.

    Attributes:
        mistakes: The worst mistakes.
        exact: Whether the mean of a picture's evidence is the class's logit.
    """

    mistakes: Sequence[Explained]
    exact: bool


def explained_view(content: ReportContent) -> ExplainedView | None:
    """Asks for the evidence of the worst mistakes.

    Args:
        content: What the report shows.

    Returns:
        None where nothing can be asked, nothing is wrong, or the network has no positions.
    """
    if content.explain is None:
        return None
    asked = _asked(content)
    if not asked:
        return None
    rows = [content.rows[content.judged.paths[row]] for row, _, _ in asked]
    try:
        # One call: a picture's two maps share a pass where the engine can.
        found = content.explain([*rows, *rows], [*(said for _, said, _ in asked), *(true for _, _, true in asked)])
    except UnfreezeError:  # a body without positions, or a picture that has gone since
        return None
    overlays, count, names = overlay_uris(found), len(asked), content.judged.classes
    explained = [
        Explained(
            shown=shown(content, row),
            square=square_uri(found.squares[place]),
            said=names[said],
            for_said=overlays[place],
            true=names[true],
            for_true=overlays[count + place],
        )
        for place, (row, said, true) in enumerate(asked)
    ]
    return ExplainedView(mistakes=explained, exact=found.exact)


def _asked(content: ReportContent) -> list[tuple[int, int, int]]:
    """Row, class said and true class of the worst mistakes.

    Of several labels these are the surest of those invented and the least sure of those missed; where there is none of
    the one kind, the other stands for it, so that the map shows what spoke for or against it.
    """
    table = content.judged
    asked = []
    for row in [row for row in mistakes(table) if table.paths[row] in content.rows][:EXPLAINED]:
        true = set(table.objective.labels_of(table.targets[row]))
        said = set(table.objective.labels_of(content.predicted[row]))
        sure = table.probabilities[row]
        invented = sorted(said - true, key=lambda label: -float(sure[label]))
        missed = sorted(true - said, key=lambda label: float(sure[label]))
        asked.append((row, (invented or missed)[0], (missed or invented)[0]))
    return asked
