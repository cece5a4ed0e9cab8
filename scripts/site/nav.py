"""A hook of the documentation site: `FOLDER/*` in the navigation stands for all pages in a folder."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Writes the pages that are there in place of patterns."""
    config.nav = [filled(entry, Path(config.docs_dir)) for entry in config.nav or []]
    return config


def filled(entry: Any, docs: Path) -> Any:
    """An entry of the navigation with its patterns replaced by pages.

    Args:
        entry: A page, or titles with the page, the pattern or the entries below each.
        docs: Where the pages lie.

    Returns:
        The entry.
    """
    if isinstance(entry, str):
        return entry
    return {title: _below(held, docs) for title, held in entry.items()}


def _below(held: Any, docs: Path) -> Any:
    """What stands below a title."""
    if isinstance(held, str) and held.endswith("/*"):
        return [page.relative_to(docs).as_posix() for page in sorted(docs.glob(f"{held}.md"))]
    return held if isinstance(held, str) else [filled(entry, docs) for entry in held]
