"""`unfreeze train`: pictures to a run folder."""

from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from unfreeze.cli.activation_flags import activation_flags
from unfreeze.cli.exit_codes import INTERRUPTED
from unfreeze.cli.flags import NO_FLAGS, Flags, with_flags
from unfreeze.cli.time_budget import TimeBudgetFlag, command_clock
from unfreeze.cli.training_flags import training_flags
from unfreeze.errors import LostProcessError, SettingsError, UnfreezeError
from unfreeze.recipe.durations import parse_duration
from unfreeze.recipe.settings import TrainSettings, parse_sizes, parse_steps
from unfreeze.transforms.squares import Square
from unfreeze.transforms.views import Augment
from unfreeze.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from unfreeze.cli.console import RunConsole
    from unfreeze.recipe.finish import RunResult

DEFAULTS = TrainSettings()
ONE_OF_SEVERAL = (
    "accelerate launch started one process, whatever --num_processes says: it does so where there are fewer than two "
    "GPUs; give it --multi_gpu as well, or take torchrun --nproc-per-node"
)


class Sample(StrEnum):
    """Collections that need no download."""

    DIGITS = "digits"


class Head(StrEnum):
    """How step 3 trains the head."""

    SGD = "sgd"
    LBFGS = "lbfgs"


class Unfreeze(StrEnum):
    """What step 5 unfreezes."""

    ALL = "all"
    LATE = "late"


class BatchNorm(StrEnum):
    """What BatchNorm's statistics do in trainable groups."""

    FROZEN = "frozen"
    TRAIN = "train"


DEFAULT_BATCH_NORM = BatchNorm(DEFAULTS.batch_norm)
DEFAULT_HEAD = Head(DEFAULTS.head)
DEFAULT_UNFREEZE = Unfreeze(DEFAULTS.unfreeze)

NOTHING_NAMED = "name a folder, CSV file or archive of pictures, or a sample with --sample digits"
SAMPLE_SETTINGS = {Sample.DIGITS: TrainSettings(size=96, square=Square.SQUASH, augment=Augment.UPRIGHT)}
"""What suits a sample better than the general defaults; a flag that is given still wins."""


@with_flags(activation_flags, into="activations")
@with_flags(training_flags, into="options")
def train_command(
    context: typer.Context,
    pictures: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of pictures (CLASS/*, or train/CLASS/* beside valid/CLASS/*), CSV file, zip or tar archive."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="New folder for the run. [default: runs/PICTURES, without a suffix]")
    ] = None,
    sample: Annotated[Sample | None, typer.Option(help="Train on a sample that needs no download.")] = None,
    activations: Flags = NO_FLAGS,
    steps: Annotated[str, typer.Option(help="Which of the eight steps, such as 1-4 or 1,2,3.")] = "1-8",
    lr: Annotated[float | None, typer.Option(help="Rate of steps 3 and 4. [default: found in step 2]")] = None,
    head: Annotated[Head, typer.Option(help="Step 3: by steps as in the lesson, or at once.")] = DEFAULT_HEAD,
    head_epochs: Annotated[int, typer.Option(help="Epochs of step 3 with --head sgd.")] = DEFAULTS.head_epochs,
    augmented_cycles: Annotated[int, typer.Option(help="Cycles of step 4.")] = DEFAULTS.augmented_cycles,
    cycle_len: Annotated[int, typer.Option(help="Epochs of a cycle in step 4, of the first in step 8.")] = (
        DEFAULTS.cycle_len
    ),
    unfreeze: Annotated[Unfreeze, typer.Option(help="Step 5: all layers, or the late half.")] = DEFAULT_UNFREEZE,
    rate_ratio: Annotated[float, typer.Option(help="Step 6: how many times lower each earlier group's rate is.")] = (
        DEFAULTS.rate_ratio
    ),
    full_lr: Annotated[float | None, typer.Option(help="Head's rate in step 8. [default: found in step 7]")] = None,
    max_epochs: Annotated[int, typer.Option(help="Epochs of step 8 at most, in whole cycles.")] = DEFAULTS.max_epochs,
    sizes: Annotated[str, typer.Option(help="Step 8: squares' pixels in each cycle, such as 128,160,224.")] = "",
    cycle_mult: Annotated[
        int, typer.Option(help="Step 8: each cycle is this many times longer.")
    ] = DEFAULTS.cycle_mult,
    batch_norm: Annotated[
        BatchNorm, typer.Option(help="BatchNorm's statistics in trainable groups.")
    ] = DEFAULT_BATCH_NORM,
    batch_size: Annotated[
        int, typer.Option(help="Pictures in a training batch of steps 2 to 4.")
    ] = DEFAULTS.batch_size,
    full_batch_size: Annotated[int, typer.Option(help="Pictures in a training batch of steps 7 and 8.")] = (
        DEFAULTS.full_batch_size
    ),
    threads: Annotated[int | None, typer.Option(help="Threads. [default: one a core]")] = None,
    store: Annotated[
        bool, typer.Option(help="Keep activations and scan in the cache for another run.")
    ] = DEFAULTS.use_store,
    checkpoint_seconds: Annotated[float, typer.Option(help="Time between checkpoints within an epoch.")] = (
        DEFAULTS.checkpoint_seconds
    ),
    probes: Annotated[
        bool, typer.Option(help="Let the model carry squares of 16 validation pictures, to test itself anywhere.")
    ] = DEFAULTS.probes,
    time_budget: TimeBudgetFlag = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run, which was stopped.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print more of each step.")] = False,
    options: Flags = NO_FLAGS,
) -> None:
    """Take pictures through the eight steps to a model that predicts."""
    if follows_another():
        return
    if resume:
        refuse_other_flags(context)
        go_on(resume, quiet=quiet, verbose=verbose)
        return
    if (pictures is None) == (sample is None):
        what = "a folder and a sample were both named; leave one of them away" if pictures else NOTHING_NAMED
        raise typer.BadParameter(what)
    if pictures:
        from unfreeze.images.collection import check_named

        check_named(pictures)
    suited = SAMPLE_SETTINGS[sample] if sample else DEFAULTS
    settings = TrainSettings(
        steps=parse_steps(steps),
        lr=lr,
        head=head.value,
        head_epochs=head_epochs,
        augmented_cycles=augmented_cycles,
        cycle_len=cycle_len,
        unfreeze=unfreeze.value,
        rate_ratio=rate_ratio,
        full_lr=full_lr,
        max_epochs=max_epochs,
        checkpoint_seconds=checkpoint_seconds,
        time_budget=parse_duration(time_budget) if time_budget else None,
        sizes=parse_sizes(sizes),
        cycle_mult=cycle_mult,
        batch_norm=batch_norm.value,
        batch_size=batch_size,
        full_batch_size=full_batch_size,
        probes=probes,
        threads=threads,
        use_store=store,
        **{"size": suited.size, "square": suited.square, "augment": suited.augment, **activation_flags(**activations)},
        **training_flags(**options),
    )
    run(pictures, sample, out, settings, quiet=quiet, verbose=verbose)


def run(
    pictures: Path | None,
    sample: Sample | None,
    out: Path | None,
    settings: TrainSettings,
    *,
    quiet: bool,
    verbose: bool,
) -> None:
    """Trains and prints.

    Args:
        pictures: The folder, CSV file or archive of pictures; None for a sample.
        sample: The sample; None for pictures of the user's.
        out: The run folder; None for a new one below `runs`.
        settings: All settings.
        quiet: Print nothing but errors.
        verbose: Print more of each step.
    """
    from unfreeze.images.collection import collection_name
    from unfreeze.recipe.run_folder import default_folder
    from unfreeze.recipe.train import sample_folder, train

    folder = sample_folder(sample.value) if sample else pictures
    assert folder is not None, "either pictures or a sample were given"
    name = collection_name(folder)
    target = out or default_folder(name)
    clock = command_clock()

    def work(console: "RunConsole", world: World) -> "RunResult":
        if not out and target.name != name:
            console.note(f"{target.with_name(name)} is there already: this run goes to {target}")
        return train(folder, target, settings, console, world=world, clock=clock)

    watch(target, work, quiet=quiet, verbose=verbose)


def go_on(run_folder: Path, *, quiet: bool, verbose: bool) -> None:
    """Goes on with a run that was stopped, and prints.

    Args:
        run_folder: The run's folder.
        quiet: Print nothing but errors.
        verbose: Print more of each step.
    """
    from unfreeze.recipe.train import resume

    clock = command_clock()

    def work(console: "RunConsole", world: World) -> "RunResult":
        return resume(run_folder, console, world=world, clock=clock)

    watch(run_folder, work, quiet=quiet, verbose=verbose)


def follows_another() -> bool:
    """Helps another process with its run, where this one was launched for that.

    Returns:
        Whether it was; all is done then.

    Raises:
        UnfreezeError: If a picture cannot be read. Where another process was lost, the first one says so.
    """
    from unfreeze.processes import joined, launched_rank

    if launched_rank() == 0:
        return False
    from unfreeze.learner.follow import follow

    try:
        with joined() as world:
            follow(world)
    except (LostProcessError, KeyboardInterrupt):
        raise typer.Exit(1) from None
    return True


def watch(folder: Path, work: "Callable[[RunConsole, World], RunResult]", *, quiet: bool, verbose: bool) -> None:
    """Prints what a run does and comes to, and how to go on with one that is stopped.

    Args:
        folder: The run's folder.
        work: The run.
        quiet: Print nothing but errors.
        verbose: Print more of each step.
    """
    from unfreeze.cli.console import RunConsole
    from unfreeze.learner.state import STATE_FILE
    from unfreeze.processes import joined, started_one_of_several

    def say_how_to_go_on() -> str:
        saved = (folder / "checkpoints" / STATE_FILE).exists()
        return (
            f"what was done so far is kept; go on with: unfreeze train --resume {quote(str(folder))}" if saved else ""
        )

    with RunConsole(quiet=quiet, verbose=verbose) as console:
        if started_one_of_several():
            console.note(ONE_OF_SEVERAL)
        try:
            with joined() as world:
                result = work(console, world)
        except KeyboardInterrupt:
            console.line("; ".join(filter(None, ("stopped by Ctrl-C", say_how_to_go_on()))))
            raise typer.Exit(INTERRUPTED) from None
        except (UnfreezeError, OSError) as error:
            of_folder = isinstance(error, UnfreezeError) and Path(error.subject) in (folder, folder / "checkpoints")
            if not of_folder and (advice := say_how_to_go_on()):  # a folder that cannot be used is no run that stopped
                console.line(advice)
            raise
        _print_result(console, result)


def refuse_other_flags(context: typer.Context) -> None:
    """A run that goes on keeps its settings.

    Args:
        context: What the command was given.

    Raises:
        SettingsError: If a flag was given that would change them.
    """
    allowed = ("resume", "quiet", "verbose")
    sources = {name: context.get_parameter_source(name) for name in context.params if name not in allowed}
    if others := [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]:
        flag = "a folder of pictures" if others[0] == "pictures" else "--" + others[0].replace("_", "-")
        message = f"--resume goes on with the settings that the run has; leave {flag} away, or begin a new run"
        raise SettingsError(message, subject="resume")


def _print_result(console: "RunConsole", result: "RunResult") -> None:
    figures = result.figures
    low, high = figures["accuracy_interval"]
    measure = figures["measure"]
    console.line("")
    console.line(
        f"Validation {measure} {100 * figures['accuracy']:.1f} % of {figures['valid_images']} pictures "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %), loss {figures['valid_loss']:.4f}"
    )
    if figures["tta_accuracy"] is not None:
        console.line(f"With test-time augmentation {100 * figures['tta_accuracy']:.1f} %")
    if figures["labels"]:
        mean = figures["mean_average_precision"]  # None where no validation picture has a label
        ranked = "" if mean is None else f"mean average precision {100 * mean:.1f} %, "
        console.line(
            f"An exact match is a picture whose every label is right. Over the {len(figures['labels'])} labels: "
            f"{ranked}F1 {100 * figures['macro_f1']:.1f} %"
        )
    if figures["test_images"]:
        low, high = figures["test_accuracy_interval"]
        console.line(
            f"Test {measure} {100 * figures['test_accuracy']:.1f} % of {figures['test_images']} pictures "
            f"(95 % interval {100 * low:.1f} to {100 * high:.1f} %); they were used once, at the end"
        )
    console.line(f"Report: {result.folder / 'report.html'}")
    console.line(f"Predict: unfreeze predict {result.folder} PICTURE...   ({figures['seconds']:.0f} s in all)")
