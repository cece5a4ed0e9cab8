"""Names are printed as they are, whatever signs they hold and whatever the output can show."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console as RichConsole

from unfreeze.cli.console import RunConsole

SAY: dict[str, Callable[[RunConsole, str], None]] = {
    "note": RunConsole.note,
    "outcome": RunConsole.outcome,
    "line": RunConsole.line,
    "step": lambda console, text: console.step(1, text, text),
}


@pytest.mark.parametrize("say", SAY.values(), ids=SAY)
def test_names_are_neither_markup_nor_emoji(
    say: Callable[[RunConsole, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    say(RunConsole(), "a:dog:b [bold]c[/] caf\u00e9")
    assert "a:dog:b [bold]c[/] caf\u00e9" in capsys.readouterr().out


@pytest.mark.parametrize("say", SAY.values(), ids=SAY)
@pytest.mark.parametrize(("encoding", "seen"), [("utf-8", "\u00e9\\udcff"), ("ascii", "\\xe9\\udcff")])
def test_what_the_output_cannot_show_is_escaped(
    say: Callable[[RunConsole, str], None], encoding: str, seen: str
) -> None:
    data = io.BytesIO()
    with io.TextIOWrapper(data, encoding=encoding, errors="strict", write_through=True) as stream:
        say(RunConsole(console=RichConsole(file=stream, highlight=False, soft_wrap=True)), "\u00e9\udcff")
        assert seen in data.getvalue().decode(encoding)
