"""The doctor's whole examination of a collection; nothing of it is written to, and nothing is trained that is kept."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.audit.copies import Leak, cluster_names, copy_findings, leak
from unfreeze.audit.duplicates import DuplicatePair, find_duplicates
from unfreeze.audit.findings import Finding, in_order
from unfreeze.audit.folds import FOLDS, fold_numbers, out_of_fold
from unfreeze.audit.labels import alike_findings, label_findings
from unfreeze.audit.pictures import picture_findings
from unfreeze.audit.shortcuts import Probe, probe_shortcuts, shortcut_findings
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.images.table import ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Observer, Silent


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found in a collection.

    Attributes:
        table: The pictures.
        findings: What was found, what must be mended first.
        pairs: Pictures that show the same.
        right: How many pictures a head gets right that was trained without them; None where that cannot be tried.
        probes: How well things beside the object tell the class.
        leak: What copies on both sides of the split do to the accuracy; None where there are none.
    """

    table: ImageTable
    findings: tuple[Finding, ...]
    pairs: tuple[DuplicatePair, ...]
    right: int | None = None
    probes: tuple[Probe, ...] = ()
    leak: Leak | None = None

    def accuracy_in_words(self) -> str:
        """The out-of-fold accuracy with its interval; empty where there is none."""
        if self.right is None:
            return ""
        count = len(self.table.rows)
        low, high = wilson_interval(self.right, count)
        return (
            f"a head on the frozen body, trained on {FOLDS - 1} of {FOLDS} parts, gets {self.right / count:.1%} of the "
            f"rest right ({low:.1%} to {high:.1%})"
        )


def examine(data: ImageData, *, observer: Observer | None = None) -> Examination:
    """Examines a collection with the activations of a pretrained body, which are stored for training.

    Args:
        data: The pictures.
        observer: Is told of progress.

    Returns:
        All that was found.
    """
    observer, table = observer or Silent(), data.table
    with closing(Learner(data, observer=observer)) as learner:
        features = learner.source.pooled(table.rows)
    pairs = find_duplicates(
        table,
        features,
        threads=data.threads,
        progress=lambda done, total: observer.progress("comparing pictures", done, total),
    )
    copies = copy_findings(table, pairs)
    findings = [*picture_findings(table, size_px=data.transform.size_px), *copies]
    if table.multilabel:
        observer.note("several labels a picture: labels and shortcuts are not examined")
        return Examination(table=table, findings=in_order(findings), pairs=tuple(pairs))
    folds = _folds(table, pairs)
    probabilities = _out_of_fold(table, features, folds)
    probes = probe_shortcuts(table, folds)
    findings += [
        *label_findings(table, probabilities),
        *alike_findings(table, probabilities),
        *shortcut_findings(probes),
    ]
    return Examination(
        table=table,
        findings=in_order(findings),
        pairs=tuple(pairs),
        right=int((probabilities.argmax(1) == [row.label for row in table.rows]).sum()),
        probes=tuple(probes),
        leak=leak(table, features, copies),
    )


def _folds(table: ImageTable, pairs: Sequence[DuplicatePair]) -> npt.NDArray[np.int64]:
    clusters = cluster_names(table, pairs)
    content = {row.path: row.content for row in table.rows}
    return fold_numbers([row.label for row in table.rows], [content[name] for name in clusters])


def _out_of_fold(table: ImageTable, features: Floats, folds: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return out_of_fold(features, [row.label for row in table.rows], folds)
