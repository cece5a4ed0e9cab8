"""Writes docs/benchmarks.md from records."""

from collections.abc import Sequence
from typing import Any

from benchmarks.records import Record, Spread, of_run, spread
from benchmarks.runs import RUNS
from benchmarks.targets import targets

COMPARED = tuple(run for run in RUNS if run.kind in ("ours", "theirs") and run.pictures is None)
STARTED = tuple(run for run in RUNS if run.kind == "command")

HEAD = """# Benchmarks

Written by `make bench`; do not edit by hand. Every time is that of a whole process, from its start to its end, imports
included, on the CPU, and every accuracy is on the same validation pictures. All runs of a round are taken in turn, one
at a time. Figures are medians, least and most in brackets where there are several; ratios are taken round by round.
"""

HOW = """## How it is measured
- Ours: `unfreeze train FOLDER` with the steps named and `--tta-views 0`, because the others predict once; where TTA is
  named, with its 4 views. Cold: `UNFREEZE_CACHE` is empty. Warm: the same command again. Files lie in the system's own
  cache on both sides: each environment's imports run once, uncounted, before the first round.
- All: the packaged weights of EfficientNet-Lite0, the same pictures, the same split, as many threads as each program
  chooses itself.
- fastai: its own batch size (64), workers (one a core), head, optimiser and layer groups. The frozen epoch and
  `fine_tune(1)` are its quick start: `Resize(224)`, no augmentation. The eight steps and TTA augment with
  `aug_transforms()`. `ChannelsLast` is on throughout, because it is faster here. "BatchNorm frozen" is `train_bn=False`
  with `BnFreeze`, which suits these weights better; the eight steps have it too. They take as many epochs in step 8 as
  ours took in the same round, and the accuracy is that of their epoch with the lowest validation loss, as with ours.
  fastai is not seeded, so its rounds differ; it leaves out what does not fill a batch, so it needs 64 pictures.
- timm: the body in eager mode with channels-last memory, torchvision's transforms, a DataLoader with two workers,
  scikit-learn's `LogisticRegression` on the pooled features.
- TTA: ours is the difference between two whole cold processes, with and without it; fastai's is `tta(n=4)` alone,
  which predicts the plain view once more.
- Pictures a second of a late body and of the whole network: epochs of step 8 times training pictures, over the seconds
  of step 8, validation included.
- Memory is the peak of a process, or of one of its workers where that is more.
"""


def page(about: dict[str, Any], records: Sequence[Record]) -> str:
    """The whole page.

    Args:
        about: Machine, versions, date, commit, pictures.
        records: All rounds.

    Returns:
        Markdown.
    """
    parts = [
        HEAD,
        _about(about),
        _targets(about, records),
        _compared(records),
        _phases(records),
        _extraction(records),
        _starts(records),
        _profile(records),
        _failures(records),
        HOW,
    ]
    return "\n".join(part for part in parts if part)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; empty without rows."""
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def number(found: Spread | None, *, digits: int = 1, unit: str = "") -> str:
    """Median, with least and most where there are several values; a dash where there is none.

    >>> number(Spread(median=2.0, least=1.5, most=9.25, count=3), unit=" s")
    '2.0 s (1.5 to 9.2)'
    """
    if found is None:
        return "-"
    text = f"{found.median:.{digits}f}{unit}"
    return text if found.count == 1 else f"{text} ({found.least:.{digits}f} to {found.most:.{digits}f})"


def _about(about: dict[str, Any]) -> str:
    def versions(side: str) -> str:
        return ", ".join(f"{name} {version}" for name, version in about[side].items()) or "not installed"

    lines = {
        "Pictures": about["pictures"],
        "Machine": f"{about['processor']}, {about['cores']} cores, {about['memory']}; {about['system']}",
        "Date and commit": f"{about['date']}, {about['commit']}",
        "Versions": versions("ours"),
        "The others' environment": versions("theirs"),
    }
    return "".join(f"- {name}: {text}\n" for name, text in lines.items())


def _targets(about: dict[str, Any], records: Sequence[Record]) -> str:
    rows = [[name, wanted, found] for name, wanted, found in targets(about, records)]
    return "## What it is to show\n" + table(["measure", "wanted", "found"], rows)


def _compared(records: Sequence[Record]) -> str:
    """A row for each trained run: time, accuracy, loss, memory."""
    rows = []
    for run in COMPARED:
        found = of_run(records, run.name)
        if not found:
            continue
        accuracies = [None if record.accuracy is None else 100 * record.accuracy for record in found]
        rows.append(
            [
                run.label,
                number(spread(record.seconds for record in found)),
                number(spread(accuracies)),
                number(spread(record.valid_loss for record in found), digits=4),
                number(spread(record.peak_mib for record in found), digits=0),
                str(len(found)),
            ]
        )
    head = ["program", "seconds", "accuracy, %", "validation loss", "memory, MiB", "rounds"]
    return "## Side by side\n" + table(head, rows) if rows else ""


def _phases(records: Sequence[Record]) -> str:
    """Where each run's own account says its time went; medians."""
    rows = []
    for run in COMPARED:
        found = of_run(records, run.name)
        names = dict.fromkeys(name for record in found for name in record.phases)
        medians = [(name, spread(record.phases.get(name) for record in found)) for name in names]
        text = ", ".join(f"{name} {median.median:.1f}" for name, median in medians if median)
        epochs = [record.more.get("step8_epochs") for record in found]
        if any(epochs):
            text += f"; epochs of step 8: {', '.join(map(str, epochs))}"
        if text:
            rows.append([run.label, text])
    return "## Seconds by phase\n" + table(["program", "seconds, medians"], rows) if rows else ""


def _extraction(records: Sequence[Record]) -> str:
    """Pictures a second against bare onnxruntime, and one thread's time by part."""
    found = of_run(records, "extraction")
    if not found:
        return ""
    last = found[-1].more
    names = list(last["pictures_per_second"])
    rows = []
    for name in names:
        speeds = spread(speed for record in found for speed in record.more["pictures_per_second"][name])
        shares = spread(share for record in found for share in record.more["share_of_bare"][name])
        rows.append([name, number(speeds, digits=0), number(shares, digits=2)])
    parts = last["milliseconds"]
    whole = sum(parts.values())
    shares_of_time = [[name, f"{value:.2f}", f"{100 * value / whole:.0f} %"] for name, value in parts.items()]
    text = f"{last['pictures']}, {last['threads']} threads; bare is onnxruntime alone on squares that lie ready.\n\n"
    return (
        "## Extraction\n"
        + text
        + table(["what", "pictures a second", "share of bare"], rows)
        + "\nOne picture on one thread:\n\n"
        + table(["part", "milliseconds", "share"], shares_of_time)
    )


def _starts(records: Sequence[Record]) -> str:
    rows = []
    for run in STARTED:
        found = of_run(records, run.name)
        if found:
            seconds = number(spread(record.seconds for record in found), digits=2)
            rows.append(
                [f"`{run.label}`", seconds, number(spread(r.peak_mib for r in found), digits=0), str(len(found))]
            )
    return "## Starts\n" + table(["command", "seconds", "memory, MiB", "times"], rows) if rows else ""


def _profile(records: Sequence[Record]) -> str:
    """Shares of a cold run of steps 1 to 4, as it comes, its test-time augmentation included."""
    found = of_run(records, "profile")
    if not found:
        return ""
    phases: dict[str, Spread | None] = {
        "process start and imports": spread(record.seconds - sum(record.phases.values()) for record in found)
    }
    for name in found[0].phases:
        phases[name] = spread(record.phases.get(name) for record in found)
    whole = sum(value.median for value in phases.values() if value)
    rows = [
        [name, f"{value.median:.2f}", f"{100 * value.median / whole:.0f} %"] for name, value in phases.items() if value
    ]
    text = "`unfreeze train FOLDER --steps 1-4` as it comes, so with test-time augmentation, cold.\n\n"
    return "## Where our time goes\n" + text + table(["phase", "seconds", "share"], rows)


def _failures(records: Sequence[Record]) -> str:
    """What could not be measured is said, once each."""
    failed = dict.fromkeys((record.run, record.error) for record in records if record.error)
    rows = [[f"`{run}`", error.replace("|", "/")] for run, error in failed]
    return "## What failed\n" + table(["run", "why"], rows) if rows else ""
