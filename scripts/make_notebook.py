"""Types the lesson into a notebook, runs it, and writes it with its output to docs/lesson.ipynb.

pip install 'unfreeze[notebook]'
python scripts/make_notebook.py FOLDER     # FOLDER is linked to as `pictures`
"""

import argparse
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

TEXT = "# "
"""What a cell of words begins with; any other is code."""

CELLS = (
    "# # The lesson, from start to end\n\nEight steps from a folder of pictures to a classifier, typed as the lesson "
    "has them. `python scripts/make_notebook.py FOLDER` made this page from 1,000 + 500 photographs of cats and dogs.",
    "from unfreeze import ImageData, Learner\n\ndata = ImageData.from_folder('pictures', augment='side_on')",
    "# **1. Augmentation on, activations precomputed.** Nothing is computed before it is needed.",
    "learner = Learner(data, 'efficientnet_lite0', precompute=True)\nlearner",
    "# **2. Find the highest learning rate at which the loss still clearly improves.** Three orders of the batches.",
    "learner.lr_find(seeds=3)\nlearner.plot_lr_find();",
    "learner.band.suggestions, learner.band.band['steep']",
    "# **3. Train the head on precomputed activations.**",
    "learner.fit(0.01, 2)",
    "# **4. Train the head with augmentation, `cycle_len=1`.**",
    "learner.precompute = False\nlearner.fit(0.01, 3, cycle_len=1)",
    "# **5. Unfreeze all layers.**",
    "learner.unfreeze()\nlearner.batch_size = 16\nlearner",
    "# **6. Lower rates for earlier layer groups**, each three times lower than the next.",
    "rates = [1 / 9, 1 / 3, 1]",
    "# **7. Find the learning rate again.**",
    "learner.lr_find(rates=rates)\nlearner.plot_lr_find();",
    "learner.band.suggestions or 'no clear valley'",
    "# **8. Train the full network, each cycle twice as long, until it overfits.**",
    "learner.fit([0.002 * rate for rate in rates], 3, cycle_len=1, cycle_mult=2, until_overfit=True)",
    "learner.plot_schedule();",
    "learner.plot_losses();",
    "# Weights at the ends of cycles, averaged, and their averaged predictions:",
    "scores = learner.compare_snapshots()\n"
    "{name: round(getattr(scores, name).mean_loss, 4) for name in ('best', 'ensemble', 'average')}",
    "# **Test-time augmentation and the confusion matrix**, under the best weights.",
    "learner.restore_best()\ntable = learner.tta()\n"
    "float(table.correct.mean()), float((table.tta.argmax(1) == table.targets).mean())",
    "from unfreeze.evaluation.metrics import confusion\n\nconfusion(table)",
)


def main() -> None:
    """Runs the notebook and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "docs/lesson.ipynb")
    options = parser.parse_args()
    nbformat: Any = import_module("nbformat")  # an extra, which is not there where types are checked
    nbclient: Any = import_module("nbclient")
    new = nbformat.v4
    made = [
        new.new_markdown_cell(cell.removeprefix(TEXT)) if cell.startswith(TEXT) else new.new_code_cell(cell)
        for cell in CELLS
    ]
    notebook = new.new_notebook(cells=made)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pictures").symlink_to(options.pictures.resolve(), target_is_directory=True)
        nbclient.NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": folder}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
        if "outputs" in cell:  # what libraries warn of is not the lesson's
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    nbformat.write(notebook, options.out)


if __name__ == "__main__":
    main()
