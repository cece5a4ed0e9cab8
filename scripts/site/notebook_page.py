"""A hook of the documentation site: each notebook is a page as well, with its words, code, tables and plots."""

import base64
import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

SUFFIX = ".ipynb"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for each notebook, and its pictures as files of their own."""
    for notebook in [file for file in files if file.src_uri.endswith(SUFFIX)]:
        name = notebook.src_uri.removesuffix(SUFFIX)
        text, pictures = page(json.loads(notebook.content_string), name=Path(name).name)
        files.append(File.generated(config, f"{name}.md", content=text))
        for picture, content in pictures.items():
            files.append(File.generated(config, f"{Path(name).parent.as_posix()}/{picture}", content=content))
    return files


def page(notebook: dict[str, Any], *, name: str) -> tuple[str, dict[str, bytes]]:
    """A notebook as a page of Markdown.

    Args:
        notebook: What the file holds.
        name: What its pictures are named after.

    Returns:
        The page, and its pictures by their file names.
    """
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for place, output in enumerate(cell.get("outputs", ())):
            shown = output.get("data") or {"text/plain": output.get("text", "")}
            if "image/png" in shown:
                picture = f"{name}-{number}-{place}.png"
                pictures[picture] = base64.b64decode("".join(shown["image/png"]))
                parts.append(f"![What the lines above draw]({picture})")
            elif "text/html" in shown:
                parts.append("".join(shown["text/html"]))
            else:
                parts.append("```text\n" + "".join(shown["text/plain"]) + "\n```")
    return "\n\n".join(parts) + "\n", pictures
