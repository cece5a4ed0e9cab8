"""Counts of pictures, and what was found amiss."""

from dataclasses import replace

from unfreeze.audit.findings import Kind
from unfreeze.audit.quick import quick_findings, worth_saying
from unfreeze.images.table import Quarantined
from unfreeze.report.data import QUARANTINED_SHOWN, data_view
from unfreeze.report.page import ReportContent


def leaking(content: ReportContent) -> ReportContent:
    """The first training picture lies among the validation pictures too."""
    first, second = content.table.of_split("train")[0], content.table.of_split("valid")[0]
    return replace(content, table=replace(content.table, copies={first.path: "a", second.path: "a"}))


def test_pictures_are_counted_by_class_and_split(content: ReportContent) -> None:
    view = data_view(content)
    assert (view.splits, view.totals) == (["train", "valid"], [8, 8])
    assert view.counts == [[4, 4], [4, 4]]


def test_findings_are_grouped_and_notes_that_say_the_same_are_left_out(content: ReportContent) -> None:
    found = leaking(content)
    said = worth_saying(quick_findings(found.table, size_px=32))
    view = data_view(replace(found, table=replace(found.table, notes=("a note", *said))))
    assert Kind.LEAK in [each.kind for each in view.findings]
    assert view.notes == ["a note"]


def test_new_pictures_have_nothing_to_be_compared_with(content: ReportContent) -> None:
    assert data_view(replace(leaking(content), subject="new")).findings == []


def test_of_many_files_left_out_the_first_are_named(content: ReportContent) -> None:
    files = tuple(Quarantined(f"{index}.png", "broken") for index in range(QUARANTINED_SHOWN + 7))
    view = data_view(replace(content, table=replace(content.table, quarantined=files)))
    assert (len(view.quarantined), view.left_out) == (QUARANTINED_SHOWN, QUARANTINED_SHOWN + 7)
