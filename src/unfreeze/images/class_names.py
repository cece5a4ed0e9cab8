"""Names of classes: one form for names that look the same, and a word on names that are nearly the same."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

NAMES_IN_A_NOTE = 3


def one_form(name: str) -> str:
    r"""A class name in Unicode's composed form (NFC), in which most systems write it.

    Args:
        name: The name as a folder or a list has it; macOS writes letters and accents apart.

    Returns:
        The name by which the class is known.

    >>> len("Cafe\u0301"), len(one_form("Cafe\u0301"))
    (5, 4)
    """
    return unicodedata.normalize("NFC", name)


def name_notes(names: Iterable[str]) -> Iterator[str]:
    """What the user should know of class names that can be taken for one another.

    Args:
        names: The names as folders or a list have them.

    Yields:
        A sentence on names that are one class, and one on names that are two classes and differ in case alone.
    """
    forms: defaultdict[str, set[str]] = defaultdict(set)
    for name in set(names):
        forms[one_form(name)].add(name)
    if merged := sorted(form for form, written in forms.items() if len(written) > 1):
        yield f"names that differ only in how Unicode composes their letters are one class: {_listed(merged)}"
    cases: defaultdict[str, list[str]] = defaultdict(list)
    for form in sorted(forms):
        cases[form.casefold()].append(form)
    if twins := [" and ".join(map(repr, alike)) for alike in cases.values() if len(alike) > 1]:
        yield f"classes whose names differ only in case are kept apart: {'; '.join(twins[:NAMES_IN_A_NOTE])}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_IN_A_NOTE} more" if len(names) > NAMES_IN_A_NOTE else ""
    return ", ".join(map(repr, names[:NAMES_IN_A_NOTE])) + more
