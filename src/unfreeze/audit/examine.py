"""The doctor's whole examination of a collection; nothing of it is written to, and nothing is trained that is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.audit.copies import Leak, copy_findings, leak, unit_names
from unfreeze.audit.duplicates import DuplicatePair, find_duplicates
from unfreeze.audit.findings import Finding, in_order, verdict
from unfreeze.audit.folds import FOLDS, fold_numbers, repeatedly_out_of_fold
from unfreeze.audit.judged import judgeable, of_rows
from unfreeze.audit.labels import alike_findings, label_findings, least_likely
from unfreeze.audit.pictures import picture_findings
from unfreeze.audit.shortcuts import Probe, probe_shortcuts, shortcut_findings
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.images.table import ImageTable
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Observer, Silent

DOUBTED = 6
"""Labels that are shown though they are not suspected."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found in a collection.

    Attributes:
        table: The pictures.
        findings: What was found, what must be mended first.
        pairs: Pictures that show the same.
        judged: How many pictures a head was asked about that was trained without them; test pictures never.
        right: How many of these it got right.
        doubted: The least likely labels of those that are not suspected; no findings, as most of them are right.
        probes: How well things beside the object tell the class.
        leak: What copies on both sides of the split do to the accuracy; None where there are none.
    """

    table: ImageTable
    findings: tuple[Finding, ...]
    pairs: tuple[DuplicatePair, ...]
    judged: int = 0
    right: int = 0
    doubted: tuple[Finding, ...] = ()
    probes: tuple[Probe, ...] = ()
    leak: Leak | None = None

    def verdict(self) -> str:
        """What was found, in a sentence."""
        return f"{len(self.table.rows):,} pictures of {len(self.table.classes)} classes: {verdict(self.findings)}."

    def accuracy_in_words(self) -> str:
        """The out-of-fold accuracy with its interval; empty where there is none."""
        if not self.judged:
            return ""
        low, high = wilson_interval(self.right, self.judged)
        return (
            f"heads on the frozen body, trained on {FOLDS - 1} of {FOLDS} parts, get {self.right / self.judged:.1%} "
            f"of the rest right ({low:.1%} to {high:.1%})"
        )


def examine(learner: Learner, *, observer: Observer | None = None) -> Examination:
    """Examines a collection with the activations of a pretrained body, which are stored for training.

    Args:
        learner: A learner of the pictures that has its pretrained body still; nothing of it is trained.
        observer: Is told of progress, and of what cannot be examined.

    Returns:
        All that was found.
    """
    observer, data, table = observer or Silent(), learner.data, learner.data.table
    features = learner.source.pooled(table.rows)
    pairs = find_duplicates(
        table,
        features,
        threads=data.threads,
        progress=lambda done, total: observer.progress("comparing pictures", done, total),
    )
    findings = [*picture_findings(table, size_px=data.transform.size_px), *copy_findings(table, pairs)]
    found = Examination(table=table, findings=in_order(findings), pairs=tuple(pairs))
    if table.multilabel:
        observer.note("several labels a picture: labels and shortcuts are not examined")
        return found
    found = replace(found, leak=leak(table, features, pairs))
    units = unit_names(table, pairs)
    chosen = judgeable(table, units)
    if not chosen:
        few = f"no two classes have {FOLDS} pictures that are neither copies nor of one group"
        observer.note(f"labels and shortcuts are not examined: {few}")
        return found
    # Of the plain view and an augmented one, as one that training reads again: docs/decisions/0009-doctor.md
    augmented = learner.source.pooled([table.rows[index] for index in chosen], view=1)
    shown = (features[chosen] + augmented) * np.float32(0.5)
    return _judged(found, chosen, shown, [units[index] for index in chosen])


def _judged(found: Examination, chosen: Sequence[int], features: Floats, units: Sequence[str]) -> Examination:
    """Adds what heads say of pictures that they were trained without."""
    table = of_rows(found.table, chosen)
    labels = [row.label for row in table.rows]
    content = {row.path: row.content for row in found.table.rows}
    clusters = [content[unit] for unit in units]
    probabilities = repeatedly_out_of_fold(features, labels, clusters)
    probes = probe_shortcuts(table, fold_numbers(labels, clusters))
    suspects = label_findings(table, probabilities)
    doubted = least_likely(table, probabilities, suspects, count=DOUBTED)
    more = [
        *suspects,
        *alike_findings(table, probabilities),
        *shortcut_findings(probes),
    ]
    right = int((probabilities.argmax(1) == np.array(labels)).sum())
    findings = in_order([*found.findings, *more])
    return replace(
        found, findings=findings, judged=len(labels), right=right, doubted=tuple(doubted), probes=tuple(probes)
    )
