"""A hook of the documentation site: what pages link to outside of `docs` is shown on a page of its own.

In the repository such a link leads to the file; the site carries a copy, so that it is complete without a network.
"""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)(#[^)]*)?\)")
NOTEBOOK = re.compile(r"\]\(([^):\s]+)\.ipynb\)")
BELOW = "repository"
"""The folder of such pages."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for each file or folder outside of `docs` that some page links to."""
    root = Path(config.docs_dir).parent
    linked = {
        target
        for file in files.documentation_pages()
        for link, _ in LINK.findall(file.content_string)
        if (target := outside(file.src_uri, link))
    }
    for target in sorted(linked):
        content = shown(root / target, name=target)
        added = File.generated(config, f"{BELOW}/{target}.md", content=content)
        added.inclusion = added.inclusion.NOT_IN_NAV
        files.append(added)
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lets links to such files, and to notebooks, lead to their pages."""

    def led(link: re.Match[str]) -> str:
        target = outside(page.file.src_uri, link[1])
        if not target:
            return link[0]
        here = PurePosixPath(page.file.src_uri).parent
        return f"]({os.path.relpath(f'{BELOW}/{target}.md', here)}{link[2] or ''})"

    return NOTEBOOK.sub(r"](\1.md)", LINK.sub(led, markdown))


def outside(page: str, link: str) -> str:
    """Where a link of a page leads to.

    Args:
        page: The page's path below `docs`.
        link: What it links to.

    Returns:
        The path below the repository; empty where it lies within `docs`.

    >>> outside("elsewhere.md", "../examples/python/predict.py")
    'examples/python/predict.py'
    >>> outside("how-to/csv.md", "../reference/python.md")
    ''
    """
    target = os.path.normpath(f"docs/{PurePosixPath(page).parent}/{link}")
    return "" if target.startswith("docs/") else target


def shown(path: Path, *, name: str) -> str:
    """A file, or all files of a folder, as a page.

    Args:
        path: Where it lies.
        name: Its path below the repository.

    Returns:
        The page in Markdown; a page of Markdown as it is.
    """
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        return text if path.suffix == ".md" else f"# {name}\n\n{_code(path, text)}"
    parts = [f"# {name}"]
    for file in sorted(found for found in path.iterdir() if found.is_file()):
        parts += [f"## {file.name}", _code(file, file.read_text(encoding="utf-8"))]
    return "\n\n".join(parts)


def _code(path: Path, text: str) -> str:
    language = {".py": "python", ".js": "javascript", ".html": "html", ".json": "json", ".css": "css"}
    return f"````{language.get(path.suffix, 'text')}\n{text}\n````\n"
