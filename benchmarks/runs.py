"""What is run: every row of the page, in the order in which a round takes them."""

from dataclasses import dataclass

WITHOUT_TTA = ("--tta-views", "0")
"""For comparisons with programs that predict once; by itself `unfreeze train` averages views at its end."""

LATE = ("--unfreeze", "late")
"""Trains late body and head from the stored cut."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One kind of process that is timed.

    Attributes:
        name: Its name in the records.
        part: What `--only` selects it by.
        label: Its name on the page.
        kind: "ours" is `unfreeze train`, "theirs" a competitor's script, "ask" a module that answers in JSON, "command"
            any other command of ours.
        words: What the program is given beside folders.
        cache: Name of the cache of `unfreeze train`; runs with the same name share it.
        warm: Whether that cache is kept as the run before left it, instead of being emptied.
        pictures: How many re-encoded pictures are used instead of the collection: index into `--memory`.
        needs: A run that has to come before.
    """

    name: str
    part: str
    label: str
    kind: str
    words: tuple[str, ...] = ()
    cache: str = ""
    warm: bool = False
    pictures: int | None = None
    needs: str = ""


def _train(name: str, part: str, steps: str, *, label: str, words: tuple[str, ...] = WITHOUT_TTA, cache: str) -> Run:
    return Run(name=name, part=part, label=label, kind="ours", words=("--steps", steps, *words), cache=cache)


def _again(name: str, cold: Run) -> Run:
    label = cold.label.replace("cold", "warm")
    return Run(
        name=name,
        part=cold.part,
        label=label,
        kind="ours",
        words=cold.words,
        cache=cold.cache,
        warm=True,
        needs=cold.name,
    )


def _theirs(name: str, part: str, module: str, label: str, *words: str, needs: str = "") -> Run:
    return Run(
        name=name,
        part=part,
        label=label,
        kind="theirs",
        words=(f"benchmarks.competitors.{module}", *words),
        needs=needs,
    )


HEAD_COLD = _train("ours-1-3-cold", "steps", "1-3", label="unfreeze, steps 1-3, cold", cache="1-3")
AUGMENTED_COLD = _train("ours-1-4-cold", "steps", "1-4", label="unfreeze, steps 1-4, cold", cache="1-4")
ALL_COLD = _train("ours-8-cold", "eight", "1-8", label="unfreeze, all eight steps, cold", cache="1-8")
LATE_COLD = _train(
    "ours-late-cold",
    "late",
    "1-8",
    label="unfreeze, all eight steps, late body only, cold",
    words=(*WITHOUT_TTA, *LATE),
    cache="late",
)

RUNS = (
    Run(name="extraction", part="extraction", label="extraction", kind="ask", words=("benchmarks.extraction",)),
    HEAD_COLD,
    _again("ours-1-3-warm", HEAD_COLD),
    AUGMENTED_COLD,
    _again("ours-1-4-warm", AUGMENTED_COLD),
    _theirs("fastai-frozen", "fastai", "frozen_epoch", "fastai, one frozen epoch, BatchNorm frozen"),
    _theirs("fastai-fine-tune", "fastai", "fine_tune", "fastai, fine_tune(1)"),
    _theirs("timm-logistic", "timm", "timm_features", "timm, DataLoader, scikit-learn"),
    _train(
        "ours-tta", "tta", "1-3", label="unfreeze, steps 1-3 and TTA, cold", words=("--tta-views", "4"), cache="tta"
    ),
    _theirs("fastai-tta", "tta", "frozen_epoch", "fastai, one augmented frozen epoch and tta(n=4)", "--tta"),
    ALL_COLD,
    _again("ours-8-warm", ALL_COLD),
    _theirs("fastai-eight", "eight", "eight_steps", "fastai, the eight steps", needs="ours-8-cold"),
    LATE_COLD,
    _again("ours-late-warm", LATE_COLD),
    Run(name="help", part="start", label="unfreeze --help", kind="command", words=("--help",)),
    Run(name="predict", part="start", label="unfreeze predict, one picture", kind="command", words=("predict",)),
    Run(name="predict-loaded", part="start", label="predict", kind="ask", words=("benchmarks.loaded", "predict")),
    Run(
        name="profile",
        part="profile",
        label="profile of steps 1-4, cold",
        kind="ask",
        words=("benchmarks.profile",),
        cache="profile",
    ),
    *(
        Run(
            name=name,
            part="memory",
            label="memory",
            kind="ours",
            words=("--steps", "1-3", *WITHOUT_TTA),
            cache="memory",
            pictures=index,
        )
        for index, name in enumerate(("memory-few", "memory-many"))
    ),
)

PARTS = tuple(dict.fromkeys(run.part for run in RUNS))
SLOW_PARTS = ("eight", "late", "memory")
"""Taken in the first rounds only, as many as `--slow-rounds` says."""

NEEDED = {"tta": ("ours-1-3-cold",), "late": ("ours-8-cold",), "start": ("ours-1-3-cold",)}
"""Runs of other parts that a part is compared with or starts from."""


def chosen(parts: tuple[str, ...]) -> tuple[Run, ...]:
    """The runs of some parts, with those that they need, in the order of a round.

    Args:
        parts: Names of `PARTS`.

    Returns:
        The runs.
    """
    needed = {name for part in parts for name in NEEDED.get(part, ())}
    return tuple(run for run in RUNS if run.part in parts or run.name in needed)
