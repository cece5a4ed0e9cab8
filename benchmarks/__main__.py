"""Runs ours and what users would pick instead, side by side, and writes docs/benchmarks.md.

    python -m benchmarks [--rounds 3] [--only extraction,steps] [--pictures FOLDER] [--train 60 --valid 40]
    python -m benchmarks --page benchmarks/rounds/A.json benchmarks/rounds/B.json

Every round takes all runs in turn, each a process of its own. Raw rounds are kept after every process, so a run that
is stopped leaves what it has; the second form writes the page of them.
"""

import argparse
import datetime
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import about_machine
from benchmarks.page import page
from benchmarks.pictures import DIGITS, PHOTOGRAPHS
from benchmarks.processes import run_process
from benchmarks.records import Record, read_records, write_records
from benchmarks.runner import Runner, asked
from benchmarks.runs import PARTS, SLOW_PARTS, Run, chosen

ROOT = Path(__file__).resolve().parent.parent
STARTS_A_ROUND = 5
OUR_IMPORTS = "import unfreeze.recipe.train"
THEIR_IMPORTS = "import fastai.vision.all, sklearn.linear_model"


def main() -> None:
    """Parses, runs, writes."""
    options = parser().parse_args()
    if options.write_page:
        about, records = read_records(options.write_page)
        options.out.write_text(page(about, records))
        return
    parts = tuple(options.only.split(",")) if options.only else PARTS
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"--only: no such part: {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="unfreeze-bench-") as work:
        measure(options, parts, Path(work))


def parser() -> argparse.ArgumentParser:
    """The options."""
    found = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    photos = os.environ.get("UNFREEZE_PHOTOS")
    found.add_argument("--pictures", type=Path, default=Path(photos, "dogscats") if photos else None)
    found.add_argument("--train", type=int, help="use as many training pictures only")
    found.add_argument("--valid", type=int, help="use as many validation pictures only")
    found.add_argument("--only", default="", help=f"parts, of {','.join(PARTS)}")
    found.add_argument("--rounds", type=int, default=3)
    found.add_argument("--slow-rounds", type=int, default=1, help=f"rounds of {', '.join(SLOW_PARTS)}")
    found.add_argument("--memory", type=int, nargs=2, default=(1000, 50000), help="numbers of re-encoded pictures")
    found.add_argument("--their-python", type=Path, default=ROOT / ".venv-bench/bin/python")
    found.add_argument("--page", dest="write_page", type=Path, nargs="+", help="write the page of these records only")
    found.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks.md", help="the page")
    return found


def measure(options: argparse.Namespace, parts: tuple[str, ...], work: Path) -> None:
    """Takes all rounds and writes records and page."""
    folder = prepared(options, work)
    about = about_machine(ROOT, options.their_python)
    counts = {split: sum(1 for _ in (folder / split).glob("*/*")) for split in ("train", "valid")}
    about["pictures"] = f"{options.pictures.name if options.pictures else 'digits'}, " + " + ".join(
        f"{count} {'training' if split == 'train' else 'validation'}" for split, count in counts.items()
    )
    about["memory_counts"] = list(options.memory)
    stamp = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%d-%H%M%S")
    kept = ROOT / "benchmarks/rounds" / f"{stamp}.json"
    suited = PHOTOGRAPHS if options.pictures else DIGITS
    runner = Runner(
        folder=folder, work=work, suited=suited, their_python=options.their_python, memory=tuple(options.memory)
    )
    for python, imports in ((sys.executable, OUR_IMPORTS), (str(options.their_python), THEIR_IMPORTS)):
        run_process([python, "-c", imports])  # reads the environment's files once
    records: list[Record] = []
    for number in range(max(options.rounds, options.slow_rounds)):
        for run in chosen(parts):
            for again in range(repeats(run, number, options)):
                record = runner.take(run, number * STARTS_A_ROUND + again if run.part == "start" else number, records)
                records.append(record)
                write_records(kept, about, records)
                say(record)
    options.out.write_text(page(about, records))
    print(f"raw rounds: {kept}\npage: {options.out}")


def repeats(run: Run, number: int, options: argparse.Namespace) -> int:
    """How often a run is taken in a round."""
    rounds = options.slow_rounds if run.part in SLOW_PARTS else options.rounds
    if number >= rounds:
        return 0
    return STARTS_A_ROUND if run.part == "start" else 1


def prepared(options: argparse.Namespace, work: Path) -> Path:
    """The folder that everyone is given; made in a process of its own, so that this one stays small."""
    words = [sys.executable, "-m", "benchmarks.pictures", str(work)]
    for name in ("pictures", "train", "valid"):
        if getattr(options, name) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    return Path(asked(run_process(words)))


def say(record: Record) -> None:
    """One line about a process that has ended."""
    accuracy = "" if record.accuracy is None else f", {100 * record.accuracy:.1f} %"
    what = record.error or f"{record.seconds:.1f} s{accuracy}, {record.peak_mib:.0f} MiB"
    print(f"round {record.round + 1}, {record.run}: {what}", flush=True)


if __name__ == "__main__":
    main()
