"""A hook of the documentation site: the page of the command line is what `--help` of each command says."""

import re

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

from unfreeze.cli.main import app

PAGE = "reference/command-line.md"
EXIT_CODES = (
    "The exit code is 0 when all was done, 1 for a mistake that the message explains, 2 for wrong usage, 3 where a "
    "gate that you asked for shuts (`--strict`, `--gate`), 130 when it was stopped."
)
ENTRY = re.compile(r"^(\* `[^`]*`: )(.*)$", flags=re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the page."""
    files.append(File.generated(config, PAGE, content=command_page()))
    return files


def command_page() -> str:
    """All commands with their arguments and options, in Markdown."""
    program = typer.main.get_command(app)
    context = typer.Context(program, info_name="unfreeze")
    text = get_docs_for_click(obj=program, ctx=context, name="unfreeze", title="Command line")
    text = text.replace("```console\n$ unfreeze", "```text\nunfreeze")  # no commands to copy
    text = ENTRY.sub(lambda entry: entry[1] + re.sub(r"([*<_])", r"\\\1", entry[2]), text)
    before, first, rest = text.partition("\n## ")
    return f"{before}\n{EXIT_CODES}\n{first}{rest}"
