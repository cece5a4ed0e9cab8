"""What the benchmark is to show: each measure, what is wanted of it and what was found."""

from collections.abc import Sequence
from typing import Any

from benchmarks.records import Record, Spread, of_run, ratio, spread

Target = tuple[str, str, str]
"""Measure, what is wanted, what was found."""


def targets(about: dict[str, Any], records: Sequence[Record]) -> list[Target]:
    """All measures, in order; what was not measured is said to be so.

    Args:
        about: The machine's description; `memory_counts` are the numbers of re-encoded pictures.
        records: All rounds.

    Returns:
        Texts for a table.
    """
    few, many = about["memory_counts"]
    return [
        ("extraction with decoding, as a share of bare onnxruntime", "0.90", _share(records)),
        (
            "steps 1-3, cold, against fastai's `fine_tune(1)`, both whole processes",
            "15x",
            _against(records, "ours-1-3-cold", "fastai-fine-tune"),
        ),
        (
            "the same against fastai's frozen epoch with BatchNorm frozen",
            "8x",
            _against(records, "ours-1-3-cold", "fastai-frozen"),
        ),
        ("all eight steps, cold, against fastai's eight", "6x", _against(records, "ours-8-cold", "fastai-eight")),
        ("TTA, 4 views, against fastai's", "4x", _tta(records)),
        ("late body from the stored cut against the whole network, pictures a second", "3.5x", _late(records)),
        ("steps 1-4 with stored activations, without the process's start", "3 s", _again(records)),
        (f"memory at {few} and at {many} pictures", "within 10 %, under 1.5 GB", _memory(records)),
        ("`unfreeze --help`", "0.3 s", _seconds(records, "help")),
        ("`unfreeze predict` of one picture", "1 s, no torch", _predict(records)),
    ]


def training_speed(record: Record) -> float | None:
    """Training pictures a second in step 8, validation included."""
    seconds = record.phases.get("step 8")
    return record.more["step8_epochs"] * record.more["train_images"] / seconds if seconds else None


def times(found: Spread | None) -> str:
    """A ratio as it is read: 12.3x, with least and most where there are several."""
    if found is None:
        return "not measured"
    text = f"{found.median:.1f}x"
    return text if found.count == 1 else f"{text} ({found.least:.1f} to {found.most:.1f})"


def _share(records: Sequence[Record]) -> str:
    def found(view: str) -> Spread | None:
        return spread(share for record in of_run(records, "extraction") for share in record.more["share_of_bare"][view])

    plain, augmented = found("plain view"), found("three augmented views")
    if not plain or not augmented:
        return "not measured"
    return f"{plain.median:.2f} plain view, {augmented.median:.2f} augmented"


def _against(records: Sequence[Record], ours: str, theirs: str) -> str:
    """How many times slower theirs is, with both accuracies."""
    factor = times(ratio(records, theirs, ours))
    sides = [_accuracy(records, name) for name in (ours, theirs)]
    return factor if None in sides else f"{factor}; accuracy {sides[0]} against {sides[1]}"


def _accuracy(records: Sequence[Record], run: str) -> str | None:
    found = spread(record.accuracy for record in of_run(records, run))
    return f"{100 * found.median:.1f} %" if found else None


def _tta(records: Sequence[Record]) -> str:
    """Fastai's `tta` against the difference between two cold runs of ours."""
    plain = {record.round: record.seconds for record in of_run(records, "ours-1-3-cold")}
    ours = {r.round: r.seconds - plain[r.round] for r in of_run(records, "ours-tta") if r.round in plain}
    theirs = {record.round: record.phases["tta(n=4)"] for record in of_run(records, "fastai-tta")}
    found = spread(theirs[number] / ours[number] for number in ours if number in theirs and ours[number] > 0)
    seconds = spread(ours.values())
    if not found or not seconds:
        return "not measured"
    sides = [
        spread(record.more["tta_accuracy"] for record in of_run(records, name)) for name in ("ours-tta", "fastai-tta")
    ]
    accuracies = " against ".join(f"{100 * side.median:.1f} %" for side in sides if side)
    return f"{times(found)}; ours takes {seconds.median:.1f} s; accuracy with TTA {accuracies}"


def _late(records: Sequence[Record]) -> str:
    """From an empty cache, whose first epochs fill it, and from a full one."""
    sides = {
        name: ratio(records, run, "ours-8-cold", training_speed)
        for name, run in (("cold", "ours-late-cold"), ("warm", "ours-late-warm"))
    }
    if not any(sides.values()):
        return "not measured"
    whole = spread(map(training_speed, of_run(records, "ours-8-cold")))
    against = f"; the whole network {whole.median:.0f} a second" if whole else ""
    return ", ".join(f"{times(found)} {name}" for name, found in sides.items()) + against


def _again(records: Sequence[Record]) -> str:
    def inside(record: Record) -> float:
        return record.seconds - record.phases["process start"]

    found = spread(map(inside, of_run(records, "ours-1-4-warm")))
    return f"{found.median:.1f} s" if found else "not measured"


def _memory(records: Sequence[Record]) -> str:
    def peak(record: Record) -> float:
        return record.peak_mib

    few, many = (spread(map(peak, of_run(records, name))) for name in ("memory-few", "memory-many"))
    if not few or not many:
        return "not measured"
    more = 100 * (many.median / few.median - 1)
    return f"{few.median:.0f} and {many.median:.0f} MiB, {more:+.0f} %"


def _seconds(records: Sequence[Record], run: str) -> str:
    found = spread(record.seconds for record in of_run(records, run))
    return f"{found.median:.2f} s" if found else "not measured"


def _predict(records: Sequence[Record]) -> str:
    loaded = [name for record in of_run(records, "predict-loaded") for name in record.more["loaded"]]
    torch = ", torch is loaded" if "torch" in loaded else ", no torch loaded"
    seconds = _seconds(records, "predict")
    return seconds + torch if of_run(records, "predict-loaded") else seconds
