"""A hook of the documentation site: which pages stand in the navigation."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig

MADE = frozenset({"lesson.md", "reference/command-line.md"})
"""Pages that the other hooks make."""

COMING = frozenset({"time-budget.md", "scale.md", "scikit-learn.md"})
"""Pages that are being written; until they are there the site is built without them."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Writes the pages that are there in place of patterns."""
    config.nav = [found for entry in config.nav or [] if (found := filled(entry, Path(config.docs_dir)))]
    return config


def filled(entry: Any, docs: Path) -> Any:
    """An entry of the navigation with its patterns replaced by pages.

    Args:
        entry: A page, or titles with the page or the entries below each.
        docs: Where the pages lie.

    Returns:
        The entry; None where nothing is left of it.
    """
    if isinstance(entry, str):
        return None if entry in COMING and not (docs / entry).exists() else entry
    titled = {title: _below(held, docs) for title, held in entry.items()}
    return {title: held for title, held in titled.items() if held}


def _below(held: Any, docs: Path) -> Any:
    """What stands below a title."""
    if isinstance(held, str) and held.endswith("/*"):
        return [page.relative_to(docs).as_posix() for page in sorted(docs.glob(f"{held}.md"))]
    if isinstance(held, str):
        return filled(held, docs)
    return [found for entry in held if (found := filled(entry, docs))]
