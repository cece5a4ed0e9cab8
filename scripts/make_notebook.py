"""Makes docs/lesson.ipynb of scripts/lesson.md: its words and its code, run, with what comes out.

pip install 'unfreeze[train,notebook]'
python scripts/make_notebook.py
"""

import argparse
import re
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LESSON = HERE / "lesson.md"
NOTEBOOK = HERE.parent / "docs/lesson.ipynb"
CODE = re.compile(r"^```python\n(.*?)^```\n", flags=re.DOTALL | re.MULTILINE)


def cells(text: str) -> list[tuple[str, str]]:
    r"""The cells of a page of Markdown: each block of Python is one, and what stands between two of them.

    Args:
        text: The page.

    Returns:
        "markdown" or "code" and the text of each cell.

    >>> cells("Add.\n\n```python\n1 + 1\n```\n")
    [('markdown', 'Add.'), ('code', '1 + 1')]
    """
    parts = CODE.split(text)  # words and code in turn
    kinds = ["code" if number % 2 else "markdown" for number in range(len(parts))]
    return [(kind, part.strip()) for kind, part in zip(kinds, parts, strict=True) if part.strip()]


def main() -> None:
    """Runs the notebook and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=NOTEBOOK)
    options = parser.parse_args()
    nbformat: Any = import_module("nbformat")  # an extra, which is not there where types are checked
    nbclient: Any = import_module("nbclient")
    new = nbformat.v4
    made = {"markdown": new.new_markdown_cell, "code": new.new_code_cell}
    notebook = new.new_notebook(cells=[made[kind](text) for kind, text in cells(LESSON.read_text(encoding="utf-8"))])
    with tempfile.TemporaryDirectory() as folder:
        nbclient.NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": folder}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
        if "outputs" in cell:  # what libraries warn of is not the lesson's
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    nbformat.write(notebook, options.out)


if __name__ == "__main__":
    main()
