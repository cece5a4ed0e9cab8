"""What the doctor may find, how grave it is, what to do about it, and the table that holds it."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

COLUMNS = ("kind", "path", "split", "related", "score", "detail")


class Kind(StrEnum):
    """What a finding is about; the values stand in `findings.csv`."""

    BROKEN = "broken"
    CONTRADICTION = "contradiction"
    LEAK = "leak"
    SHORTCUT = "shortcut"
    LABEL = "label"
    DUPLICATE = "duplicate"
    ALIKE = "alike"
    BLANK = "blank"
    IMBALANCE = "imbalance"
    FEW = "few"
    BLURRED = "blurred"
    TINY = "tiny"
    SHAPE = "shape"
    MODE = "mode"
    ANIMATED = "animated"
    ODD = "odd"


class Grade(StrEnum):
    """How grave a finding is.

    Attributes:
        MEND: It breaks the model or flatters its figures; `--strict` fails on it.
        LOOK: It may be wrong; only a person can tell.
        NOTE: It is worth knowing.
    """

    MEND = "mend"
    LOOK = "look"
    NOTE = "note"

    @property
    def heading(self) -> str:
        """What a summary calls its findings."""
        return {Grade.MEND: "to be mended", Grade.LOOK: "to be looked at", Grade.NOTE: "worth knowing"}[self]


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a kind of finding means to the user.

    Attributes:
        grade: How grave it is.
        title: Its name in a summary.
        why: What it does to a model, in a sentence.
        advice: What to do about it, in a sentence.
    """

    grade: Grade
    title: str
    why: str
    advice: str


MEANINGS: dict[Kind, Meaning] = {
    Kind.BROKEN: Meaning(
        grade=Grade.MEND,
        title="broken files",
        why="They cannot be decoded, so nothing is learnt from them.",
        advice="Mend or remove them; training leaves them out by itself.",
    ),
    Kind.CONTRADICTION: Meaning(
        grade=Grade.MEND,
        title="the same picture under different labels",
        why="One of the labels is wrong, whatever the model says.",
        advice="Decide which label holds, and leave the other picture out (--exclude) or correct it (--relabel).",
    ),
    Kind.LEAK: Meaning(
        grade=Grade.MEND,
        title="the same picture on both sides of a split",
        why="The model has seen the answer, so the accuracy is flattered.",
        advice="Leave the ones that train out: --exclude findings.csv --exclude-kind leak.",
    ),
    Kind.SHORTCUT: Meaning(
        grade=Grade.MEND,
        title="shortcuts",
        why="Something beside the object tells the class, so the model may learn that and fail elsewhere.",
        advice="Find out where the pictures of each class come from, and collect them alike.",
    ),
    Kind.LABEL: Meaning(
        grade=Grade.LOOK,
        title="labels that may be wrong",
        why="A head that was trained without the picture is sure of another class.",
        advice="Look at them; say in corrections.csv what is to be done, then --relabel and --exclude corrections.csv.",
    ),
    Kind.DUPLICATE: Meaning(
        grade=Grade.LOOK,
        title="the same picture more than once",
        why="It counts more than once, and must stay on one side of a split.",
        advice="Nothing has to be done; --exclude findings.csv --exclude-kind duplicate leaves the copies out.",
    ),
    Kind.ALIKE: Meaning(
        grade=Grade.LOOK,
        title="classes that look like one",
        why="Their pictures are hard to tell apart, perhaps because they show the same thing.",
        advice="Look whether one of them should be part of the other, or whether their pictures were mixed.",
    ),
    Kind.BLANK: Meaning(
        grade=Grade.LOOK,
        title="blank pictures",
        why="They show nothing, so their label teaches nothing.",
        advice="Look at them, and leave them out: --exclude findings.csv --exclude-kind blank.",
    ),
    Kind.IMBALANCE: Meaning(
        grade=Grade.NOTE,
        title="imbalance",
        why="The accuracy is mostly that of the large classes.",
        advice="Read recall and F1 of each class in the report, not the accuracy alone.",
    ),
    Kind.FEW: Meaning(
        grade=Grade.NOTE,
        title="classes with few pictures",
        why="What is learnt and what is measured of them is uncertain.",
        advice="Add pictures, or read their figures with care.",
    ),
    Kind.BLURRED: Meaning(
        grade=Grade.NOTE,
        title="blurred pictures",
        why="They have much less detail than the others.",
        advice="Look whether the class can still be seen.",
    ),
    Kind.TINY: Meaning(
        grade=Grade.NOTE,
        title="tiny pictures",
        why="They are enlarged to the square that the network sees.",
        advice="Nothing has to be done about a few; where most are small, take a smaller square (--size).",
    ),
    Kind.SHAPE: Meaning(
        grade=Grade.NOTE,
        title="extreme shapes",
        why="A centre crop sees only a small part of them.",
        advice="Compare the ways to a square: unfreeze squares, then --square squash or pad.",
    ),
    Kind.MODE: Meaning(
        grade=Grade.NOTE,
        title="mixed colour modes",
        why="A few pictures differ in how their colours are stored; where that goes with a class it is a shortcut.",
        advice="Nothing has to be done: all become RGB by fixed rules.",
    ),
    Kind.ANIMATED: Meaning(
        grade=Grade.NOTE,
        title="animations and files of several pictures",
        why="The first frame is used.",
        advice="Nothing has to be done, unless another frame is meant.",
    ),
    Kind.ODD: Meaning(
        grade=Grade.NOTE,
        title="odd files and folders",
        why="They are no part of the collection, or not as they seem.",
        advice="See what each line says.",
    ),
}
"""In the order of a summary: what must be mended first."""


PAIRED = frozenset({Kind.CONTRADICTION, Kind.LEAK, Kind.DUPLICATE})
"""Kinds whose `related` is another picture; elsewhere it is a class, or what was looked at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: What it is about.
        path: The picture, below the collection's root; empty where it concerns the collection as a whole.
        split: The picture's split; empty where it has none.
        related: Another picture, or a class that the picture may belong to; empty where there is none.
        score: How sure or how strong it is, between 0 and 1; None where that means nothing.
        detail: What was found, in words.
    """

    kind: Kind
    path: str = ""
    split: str = ""
    related: str = ""
    score: float | None = None
    detail: str = ""

    @property
    def grade(self) -> Grade:
        """How grave it is."""
        return MEANINGS[self.kind].grade


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by kind, what must be mended first, and within a kind the highest score first, then by path."""
    kinds = list(MEANINGS)
    return tuple(sorted(findings, key=lambda found: (kinds.index(found.kind), -(found.score or 0.0), found.path)))


def by_kind(findings: Iterable[Finding]) -> dict[Kind, list[Finding]]:
    """The findings of each kind that has any, in the order of a summary.

    >>> [(kind.value, len(found)) for kind, found in by_kind([Finding(Kind.TINY), Finding(Kind.BROKEN)]).items()]
    [('broken', 1), ('tiny', 1)]
    """
    found: dict[Kind, list[Finding]] = {kind: [] for kind in MEANINGS}
    for finding in findings:
        found[finding.kind].append(finding)
    return {kind: of_kind for kind, of_kind in found.items() if of_kind}


def must_be_mended(findings: Iterable[Finding]) -> bool:
    """Whether one of the findings breaks a model or flatters its figures."""
    return any(finding.grade is Grade.MEND for finding in findings)


def verdict(findings: Iterable[Finding]) -> str:
    """What findings come to, in a sentence.

    >>> verdict([Finding(Kind.TINY)])
    'nothing was found that would flatter or break a model'
    """
    grades = {finding.grade for finding in findings}
    if Grade.MEND in grades:
        return "mend what is marked so before you trust a figure"
    if Grade.LOOK in grades:
        return "nothing has to be mended; some things should be looked at"
    return "nothing was found that would flatter or break a model"


def findings_csv(findings: Sequence[Finding]) -> bytes:
    """The findings as `findings.csv`: a header, then a row a finding.

    Args:
        findings: What was found.

    Returns:
        The file's bytes, UTF-8; names that are not Unicode keep their bytes.
    """
    rows = (
        (found.kind.value, found.path, found.split, found.related, _score(found), found.detail) for found in findings
    )
    return _csv(COLUMNS, rows)


def corrections_csv(findings: Sequence[Finding]) -> bytes:
    """The labels that may be wrong, each with the class it looks like, to be decided on: `corrections.csv`.

    Every row says "keep" until it is changed to "relabel" or "exclude"; the file then goes to --relabel and --exclude.

    Args:
        findings: What was found.

    Returns:
        The file's bytes, UTF-8.
    """
    suspects = (found for found in findings if found.kind is Kind.LABEL)
    rows = (("keep", found.path, found.related, _score(found), found.detail) for found in suspects)
    return _csv(("action", "path", "label", "score", "detail"), rows)


def _score(found: Finding) -> str:
    return "" if found.score is None else f"{found.score:.4f}"


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    # Before Python 3.13 a carriage return in a name is quoted only where lines end in one.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", errors="surrogateescape")
