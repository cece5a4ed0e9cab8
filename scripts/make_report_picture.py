"""Makes docs/pictures/report.png: the first screen of the report of a run on the sample, as Chromium shows it.

unfreeze train --sample digits --max-epochs 7
python scripts/make_report_picture.py runs/digits
"""

import argparse
import io
import json
import shutil
from pathlib import Path

from PIL import Image

PICTURE = Path(__file__).parent.parent / "docs/pictures/report.png"
WIDTH, HEIGHT = 1180, 900
"""Pixels of the window."""

SHORTENED = """([path, name]) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(path, name);
}"""
"""Writes a short name where the page names the folder of this machine that holds the sample."""

COLOURS = 128
"""A page has few; a palette makes the file a third as large."""


def main() -> None:
    """Takes the picture."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="A run on the digits: other pictures would be in it.")
    parser.add_argument("--out", type=Path, default=PICTURE)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto((options.run / "report.html").resolve().as_uri())
        pictures = json.loads((options.run / "receipt.json").read_text(encoding="utf-8"))["pictures"]
        page.evaluate(SHORTENED, [pictures, Path(pictures).name])
        shot = page.screenshot()
        browser.close()
    with Image.open(io.BytesIO(shot)) as taken:
        taken.convert("RGB").quantize(COLOURS).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
