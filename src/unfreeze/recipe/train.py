"""A whole run: scan, eight steps, evaluation, model, report."""

import os
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from unfreeze.activations.extract import read_squares
from unfreeze.audit.quick import quick_findings, worth_saying
from unfreeze.cache import cache_folder
from unfreeze.deploy.bundle import GRAPH_FILE, Origin, write_bundle_settings
from unfreeze.deploy.export import export_model
from unfreeze.deploy.probes import write_probes
from unfreeze.evaluation import metrics
from unfreeze.evaluation.calibration import logits_of
from unfreeze.evaluation.certainty import Certainty, certainty_figures, certainty_in_words
from unfreeze.evaluation.labels import label_figures, mean_average_precision
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.amended import amended
from unfreeze.images.collection import check_named, collection_layout, collection_name, reject_inside
from unfreeze.images.folds import folds
from unfreeze.images.sample import write_digits
from unfreeze.images.scan import scan_layout
from unfreeze.images.table import ImageTable
from unfreeze.learner.data import ImageData
from unfreeze.learner.explaining import activation_maps
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Observer
from unfreeze.learner.outlook import data_outlook
from unfreeze.network.backbones import preprocessing, weights_licence
from unfreeze.network.groups import POOLED
from unfreeze.recipe.eight_steps import EightSteps, Narrator
from unfreeze.recipe.figures import defined, result_figures
from unfreeze.recipe.run_folder import RunFolder, begun_run, new_run
from unfreeze.recipe.settings import TrainSettings
from unfreeze.report.content import ReportContent
from unfreeze.report.page import report_page
from unfreeze.report.plots import write_plots
from unfreeze.transforms.transform import Transform

if TYPE_CHECKING:
    from unfreeze.network.network import Network

SAMPLES = {"digits": write_digits}
PROBES = 16
WHY_AFTER = "Predicts the validation pictures with the weights that were kept, and writes model and report."


class Watcher(Observer, Narrator, Protocol):
    """Is told of everything that a run does."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run came to.

    Attributes:
        folder: The run folder.
        figures: What `result.json` holds.
        table: Predictions of the validation and test pictures.
    """

    folder: Path
    figures: dict[str, Any]
    table: PredictionTable


def sample_folder(name: str) -> Path:
    """The folder of a sample collection, written to the cache at first use.

    Args:
        name: One of `SAMPLES`.

    Returns:
        The folder.
    """
    return SAMPLES[name](cache_folder("samples"))


def train(pictures: Path, out: Path, settings: TrainSettings, watcher: Watcher) -> RunResult:
    """Takes a collection of pictures through the eight steps to a model.

    Args:
        pictures: A folder with `CLASS/*`, or `train/CLASS/*` beside `valid/CLASS/*`; or anything else that
            `collection_layout` understands, such as a CSV file or an archive.
        out: The run folder, which must not be there or be empty.
        settings: All settings.
        watcher: Is told of everything.

    Returns:
        Where the run is and what it came to.

    Raises:
        UnfreezeError: If pictures, settings or folders cannot be used.
    """
    check_named(pictures)
    reject_inside(out, pictures)
    size = settings.size or preprocessing(settings.backbone).size_px
    weights = settings.weights and settings.weights.resolve()  # a run may go on from another folder
    settings = replace(settings, size=size, threads=settings.threads or os.cpu_count() or 1, weights=weights)
    exclude, relabel = (tuple(path.resolve() for path in paths) for paths in (settings.exclude, settings.relabel))
    settings = replace(settings, exclude=exclude, relabel=relabel)
    with new_run(out) as folder:
        with folder.removed_if_barren():
            folder.begin(pictures, settings)
        return _run(folder, watcher)


def resume(run: Path, watcher: Watcher) -> RunResult:
    """Goes on with a run that was stopped, at the step after its last checkpoint, with its own settings.

    Args:
        run: The run folder.
        watcher: Is told of everything.

    Returns:
        Where the run is and what it came to: what it would have come to without the stop, to the last bit on a CPU.

    Raises:
        UnfreezeError: If there is nothing to go on with, or the pictures are not what they were.
    """
    with begun_run(run) as folder:
        return _run(folder, watcher)


def _run(folder: RunFolder, watcher: Watcher) -> RunResult:
    """Takes a run from where it is to its end."""
    pictures, settings = folder.begun()
    with folder.removed_if_barren():
        data = _read(pictures, settings, watcher)
        folder.check_pictures(data.table)
        learner = _learner(folder, data, settings, watcher)
    with closing(learner):
        receipt = folder.write_receipt(settings, data.table, learner.model.prefix(POOLED).key)
        course = EightSteps(learner, settings, watcher)
        learner.about = course.to_dict
        if folder.has_state:
            course.restore(learner.load(resume=True))
            watcher.note(f"goes on {course.position}")
        course.run()
        watcher.step(0, "evaluate, export, report", WHY_AFTER)
        return _finished(folder, course, receipt, watcher)


def _finished(folder: RunFolder, course: EightSteps, receipt: dict[str, Any], watcher: Watcher) -> RunResult:
    """Evaluates, and writes what a run leaves behind."""
    learner, settings = course.learner, course.settings
    for step, sweep in course.sweeps.items():
        folder.write_sweep(step, sweep)
    certainty = learner.certainty(ahead=range(1 + settings.tta_views))
    watcher.note(certainty_in_words(certainty, pictures=len(learner.data.table.of_split("valid"))))
    table = learner.evaluate(("valid", "test"), tta_views=settings.tta_views, certainty=certainty)
    folder.write_predictions(table)
    outlook = data_outlook(learner)
    folder.write_outlook(outlook, table.classes)
    known = {"certainty": _certainty_figures(certainty, table), "figures": result_figures(table)}
    figures = {**_figures(course, table), **known}
    content = ReportContent(
        title=collection_name(Path(receipt["pictures"])),
        table=learner.data.table,
        predictions=table,
        transform=learner.data.transform,
        history=learner.history,
        sweeps=course.sweeps,
        rates={2: str(course.head_rate), 7: str(course.full_rate)},
        figures=figures,
        facts={"settings": settings.to_dict(), "receipt": receipt},
        certainty=certainty,
        curve=outlook.curve,
        gains=outlook.gains,
        explain=lambda rows, classes: activation_maps(learner, rows, classes=classes),
    )
    folder.write_report(report_page(content))
    write_plots(folder.plots, content)
    folder.write_result(figures)  # a model that cannot be exported does not cost the figures
    difference = _write_model(course, folder, certainty, receipt)
    compared = "torch" if learner.model.is_built else "the body's graph with the trained head"
    watcher.outcome(f"the exported model and {compared} agree to {difference:.0e} in every probability compared")
    figures["seconds"] = course.seconds
    folder.complete(figures)
    return RunResult(folder=folder.path, figures=figures, table=table)


def _learner(folder: RunFolder, data: ImageData, settings: TrainSettings, watcher: Watcher) -> Learner:
    """A learner on the run's folder."""
    learner = Learner(
        data,
        _network(settings, classes=len(data.table.classes)),
        observer=watcher,
        folder=folder.path,
        use_store=settings.use_store,
        limit_bytes=settings.cache_size,
    )
    learner.model.batch_norm = settings.batch_norm
    learner.save_seconds = settings.checkpoint_seconds
    return learner


def _write_model(course: EightSteps, folder: RunFolder, certainty: Certainty, receipt: dict[str, Any]) -> float:
    """Writes the bundle; returns the largest difference between it and the model in a probability."""
    learner, settings = course.learner, course.settings
    data, model = learner.data, learner.model
    valid = data.table.of_split("valid")
    assert valid, "the scan makes sure that there are validation pictures"
    compared = sorted(valid, key=lambda row: row.content)[:PROBES]  # of all classes, the same ones at each call
    squares = np.stack([read_squares(data.table, data.transform, row, (0,))[0] for row in compared])
    difference = export_model(model, folder.model, squares=squares, temperature=certainty.temperature)
    carried = squares if settings.probes else squares[:0]
    probes = write_probes(folder.model, carried, graph=folder.model / GRAPH_FILE, novelty=certainty.novelty)
    write_bundle_settings(
        folder.model,
        classes=data.table.classes,
        backbone=model.backbone,
        transform=data.transform,
        objective=data.objective,
        certainty=certainty,
        origin=_origin(settings, receipt, course.learner),
        probes=probes,
    )
    return difference


def _origin(settings: TrainSettings, receipt: dict[str, Any], learner: Learner) -> Origin:
    """Where the model comes from; nothing in it names a folder of the user's."""
    best, table = learner.best, learner.data.table
    provenance = {
        "unfreeze": receipt["versions"]["unfreeze"],
        **{name: receipt[name] for name in ("data", "weights", "settings", "seed")},
        "pictures": {split: len(table.of_split(split)) for split in ("train", "valid")},
        "kept": best.record.stage if best else None,
    }
    own = f"not known: weights of the file {settings.weights.name}" if settings.weights else ""
    return Origin(licence=own or weights_licence(settings.backbone), provenance=provenance)


def _network(settings: TrainSettings, *, classes: int) -> "str | Network":
    """The backbone's name, or a network where the weights come from a file."""
    if settings.weights is None:
        return settings.backbone
    from unfreeze.network.build import build_network

    return build_network(settings.backbone, classes=classes, weights=settings.weights)


def _read(pictures: Path, settings: TrainSettings, watcher: Watcher) -> ImageData:
    """Scans the pictures and makes them ready for the backbone."""
    expected = preprocessing(settings.backbone)
    threads = settings.threads or os.cpu_count() or 1
    transform = Transform(
        size_px=settings.size or expected.size_px,
        square=settings.square,
        crop_share=expected.crop_share,
        augment=settings.augment,
        seed=settings.seed,
    )
    layout = amended(
        collection_layout(pictures, columns=settings.columns),
        exclude=settings.exclude,
        exclude_kinds=settings.exclude_kinds,
        relabel=settings.relabel,
        label_separator=settings.label_separator,
    )
    table = scan_layout(
        layout,
        valid_share=settings.valid_share,
        seed=settings.seed,
        max_broken_share=settings.max_broken_share,
        threads=threads,
        progress=lambda done, total: watcher.progress("reading pictures", done, total),
        use_cache=settings.use_store,
    )
    if settings.fold:
        fold, count = settings.fold
        table = folds(table, count, fold, seed=settings.seed)
    found = quick_findings(table, size_px=transform.size_px)
    table = replace(table, notes=(*table.notes, *worth_saying(found)))
    for note in (_summary(table), *table.notes):
        watcher.note(note)
    return ImageData(
        table=table,
        transform=transform,
        batch_size=settings.batch_size,
        stored_views=settings.views,
        threads=threads,
    )


def _summary(table: ImageTable) -> str:
    counts = ", ".join(f"{len(rows)} {name}" for name in ("train", "valid", "test") if (rows := table.of_split(name)))
    kinds = "labels, any number of them a picture" if table.multilabel else "classes"
    return f"{len(table.rows)} pictures of {len(table.classes)} {kinds} ({counts})"


def _figures(course: EightSteps, table: PredictionTable) -> dict[str, Any]:
    """The contents of `result.json`."""
    valid, images, best = table.of_split("valid"), course.learner.data.table, course.learner.best
    figures: dict[str, Any] = {
        "measure": valid.objective.measure,
        "accuracy": metrics.accuracy(valid),
        "accuracy_interval": list(metrics.accuracy_interval(valid)),
        "valid_loss": metrics.mean_loss(valid),
        "tta_accuracy": metrics.accuracy(valid, tta=True) if valid.tta is not None else None,
        "macro_f1": metrics.macro_f1(valid),
        "mean_average_precision": defined(mean_average_precision(valid)) if valid.objective.several else None,
        "labels": defined(label_figures(valid)) if valid.objective.several else None,
        "figures": result_figures(table),
        "classes": list(images.classes),
        "train_images": len(images.of_split("train")),
        "valid_images": len(images.of_split("valid")),
        "test_images": len(images.of_split("test")),
        "quarantined": len(images.quarantined),
        "kept": f"{best.record.stage}, {best.name.removeprefix('the ')}" if best else None,
        "kept_epoch": best.record.epoch if best and not best.averaged else None,
        "snapshots": course.snapshots,
        "steps": [asdict(step) for step in course.results],
    }
    test = table.of_split("test")
    if test.paths:
        figures["test_accuracy"] = metrics.accuracy(test)
        figures["test_accuracy_interval"] = list(metrics.accuracy_interval(test))
    return figures


def _certainty_figures(certainty: Certainty, table: PredictionTable) -> dict[str, Any]:
    """From the table, so that whoever has it and the temperature finds the same."""
    valid = table.of_split("valid")
    logits = logits_of(valid.probabilities, several=valid.objective.several) * certainty.temperature
    return certainty_figures(certainty, logits, valid.targets)
