"""Every block of code in the documentation runs as it stands there, on a few pictures and with small squares."""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from archives import write_tar, write_zip
from code_blocks import ROOT, RUN, Block, Workshop, blocks, printed
from made import new_cache, write_collection

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
NOT_CODE = ("text", "toml", "json", "csv")
REASONS = (
    "needs a container engine",
    "needs a file of weights",
    "needs a package index",
    "needs a run that was stopped",
    "needs a server that runs",
    "needs an accelerator",
    "needs an object store",
    "needs npm",
    "needs several machines",
    "takes hours",
    "takes minutes",
    "what CI begins with",
)
"""Why a block may be left out, as its mark begins."""


def to_run(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in RUN and not block.reason]


def marks(page: Path) -> list[str]:
    return re.findall(r"<!-- not run: (.+?) -->", page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A folder with what the pages speak of, as small as it can be, and one run that all of them share."""
    folder = tmp_path_factory.mktemp("workshop")
    with pytest.MonkeyPatch.context() as patch:
        from unfreeze.network import backbones

        patch.chdir(folder)
        patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
        patch.setenv("MPLBACKEND", "agg")
        small = replace(backbones.PACKAGED[backbones.DEFAULT_BACKBONE], size_px=32)
        patch.setitem(backbones.PACKAGED, backbones.DEFAULT_BACKBONE, small)
        patch.setattr("unfreeze.learner.finding.LEAST_STEPS", 8)
        patch.setattr("os.cpu_count", lambda: 1)  # a thread a core is slow where tests share the cores
        write_what_pages_speak_of(folder)
        # drawing takes longer than all else, and tests/test_readme.py draws a run's report
        patch.setattr("unfreeze.recipe.finish.report_page", lambda content: "not drawn")
        patch.setattr("unfreeze.recipe.finish.write_plots", lambda folder, content: None)
        found = Workshop(patch)
        found.run("unfreeze train pictures")
        yield found


def write_what_pages_speak_of(folder: Path) -> None:
    pictures = write_collection(folder / "pictures", {"cat": 7, "dog": 7})
    write_collection(folder / "divided", {"train/cat": 6, "train/dog": 6, "valid/cat": 3, "valid/dog": 3})
    write_collection(folder / "later", {"cat": 3, "dog": 3})
    write_collection(folder, {"more": 2, "new": 2, "many": 2})
    for name in ("new.jpg", "a.jpg"):
        (folder / name).write_bytes((folder / "more/000.png").read_bytes())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(pictures.rglob("*.png"))}
    rows = [(path, Path(path).parent.name, "valid" if path.endswith("0.png") else "train", path) for path in files]
    write_table(folder / "pictures.csv", ("path", "label", "split", "group"), rows)
    write_table(
        folder / "animals.csv", ("file", "species", "animal"), [(path, label, path) for path, label, *_ in rows]
    )
    several = [(path, f"{label};grey" if number % 2 else label) for number, (path, label, *_) in enumerate(rows)]
    write_table(folder / "several.csv", ("path", "label"), several)
    write_zip(folder / "pictures.zip", files)
    (folder / "tars").mkdir()
    for number in range(2):
        held = {f"{number}{key:02d}": name for key, name in enumerate(list(files)[number::2])}
        pairs = [(f"{key}.png", files[name]) for key, name in held.items()]
        labels = [(f"{key}.cls", str(int("dog" in name)).encode()) for key, name in held.items()]
        write_tar(folder / f"tars/train-{number:03d}.tar", dict(sorted(pairs + labels)))


def write_table(path: Path, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    path.write_text("".join(f"{','.join(row)}\n" for row in (columns, *rows)))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page)], ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path, workshop: Workshop) -> None:
    from matplotlib import pyplot

    names: dict[str, object] = {}
    said = ""
    for block in blocks(page):
        if block.language == "text" and said:
            assert block.text == said, block.place
        said = ""
        if block.language == "console" and not block.reason:
            for command in block.commands:
                workshop.run(command)
        elif block.language == "python" and not block.reason:
            said = printed(block, names)
    pyplot.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_nothing_is_left_out_but_what_says_why(page: Path) -> None:
    """Fences and marks are counted in the text itself, so that a block that the parser misses is seen."""
    text = page.read_text(encoding="utf-8")
    fences = re.findall(r"^ *(?:`{3,})(\w+)$", text, flags=re.MULTILINE)
    assert len(to_run(page)) + len(marks(page)) == sum(language in RUN for language in fences)
    assert [block.place for block in blocks(page) if block.language not in (*RUN, *NOT_CODE)] == []
    assert [reason for reason in marks(page) if not reason.startswith(REASONS)] == []
    assert [block.place for block in to_run(page) if block.language == "console" and not block.commands] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_no_code_is_indented_where_no_fence_says_what_it_is(page: Path) -> None:
    outside = re.sub(r"^ *(`{3,})\w*\n.*?^ *\1$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    typed = r"^ {4,}(?:\$ |unfreeze |python |from \w+ import |import |pip |make )"
    assert re.findall(typed, outside, flags=re.MULTILINE) == []


def commands_of_the_program() -> list[tuple[str, str]]:
    """Each command of `unfreeze` on a page, run or not, and where it stands."""
    found = [block for page in PAGES for block in blocks(page) if block.language == "console"]
    return [(line, block.place) for block in found for line in block.commands if line.startswith("unfreeze ")]


@pytest.mark.filterwarnings("default")
def test_flags_are_the_programs_even_where_a_block_is_not_run() -> None:
    from typer.main import get_command

    from unfreeze.cli.main import app

    program = get_command(app)
    for line, place in commands_of_the_program():
        words = shlex.split(line)
        command = program.commands[words[1]]  # type: ignore[attr-defined]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, place


def test_the_readme_has_no_block_that_its_own_tests_do_not_run() -> None:
    """`tests/test_readme.py` runs its one block of Python and its indented commands."""
    fenced = [block.language for block in blocks(ROOT / "README.md")]
    assert fenced == ["python"]


def test_a_block_that_fails_is_seen(workshop: Workshop) -> None:
    with pytest.raises(AssertionError, match="unfreeze predict nowhere"):
        workshop.run("unfreeze predict nowhere new.jpg")
    with pytest.raises(AssertionError, match=r"[Nn]o such option"):
        workshop.run("unfreeze train pictures --no-such-option")
    with pytest.raises(AssertionError, match="cat nowhere"):
        workshop.run("cat nowhere | wc")
    assert os.environ["UNFREEZE_CACHE"]
