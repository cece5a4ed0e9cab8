"""What a learner holds and can be told without training: freezing, batches, saving."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unfreeze.cache import cache_folder
from unfreeze.errors import RunError, SettingsError
from unfreeze.files import make_folder
from unfreeze.learner.checked import checked_options
from unfreeze.learner.data import ImageData
from unfreeze.learner.examples import ExampleSource
from unfreeze.learner.fitting import Fitting
from unfreeze.learner.followers import Followers
from unfreeze.learner.model import Model
from unfreeze.learner.observer import Observer, Silent
from unfreeze.learner.scratch import scratch_folder
from unfreeze.learner.state import STATE_FILE, BestWeights, Snapshot, TrainingState, read_state
from unfreeze.network.backbones import DEFAULT_BACKBONE
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.training.balance import answer_weights
from unfreeze.training.cycles import check_whole
from unfreeze.training.history import History
from unfreeze.training.lr_band import LrBand
from unfreeze.training.options import TrainingOptions
from unfreeze.world import ALONE, World

if TYPE_CHECKING:
    from unfreeze.network.network import Network

SAVE_SECONDS = 30.0

ONE_LABEL, SEVERAL_LABELS = "one label", "any number of labels"


class Controls:
    """What a learner holds, freezes, saves and loads: see `Learner`, which is made with the same arguments."""

    def __init__(
        self,
        data: ImageData,
        network: "str | Network" = DEFAULT_BACKBONE,
        *,
        precompute: bool = True,
        observer: Observer | None = None,
        folder: str | Path | None = None,
        use_store: bool = True,
        limit_bytes: int | None = None,
        world: World = ALONE,
        options: TrainingOptions | None = None,
    ) -> None:
        self.data, self.options = data, checked_options(options or TrainingOptions(), data)
        self.save_seconds = SAVE_SECONDS
        self.band: LrBand | None = None
        self.about: Callable[[], dict[str, Any]] = dict
        self._observer = observer or Silent()
        self._checkpoints = make_folder(Path(folder) / "checkpoints") if folder else None
        self._holds_another = bool(self._checkpoints and (self._checkpoints / STATE_FILE).exists())
        scratch, self._remove_scratch = scratch_folder(self, self._checkpoints)
        history = History(Path(folder) / "history.jsonl" if folder else None)
        self.state = TrainingState(history=history, batch_size=data.batch_size, precompute=precompute)
        self.model = Model(
            network,
            classes=len(data.table.classes),
            size_px=data.transform.size_px,
            threads=data.threads,
            graphs=cache_folder("graphs"),
            scratch=scratch,
        )
        self.model.head.objective = data.objective
        self.model.followers = Followers(world)
        self.model.options = self.options
        if self.options.balance == "weights":
            targets = data.targets(data.table.of_split("train"))
            self.model.head.answer_weights = answer_weights(targets, len(data.table.classes))
        self.source = ExampleSource(
            data, self.model, observer=self._observer, scratch=scratch, use_store=use_store, limit_bytes=limit_bytes
        )
        self.fitting = Fitting(self.source, self.state)
        for note in self.model.notes:
            self._observer.note(note)

    def release(self) -> None:
        """Lets the other processes end, where there are some; from then on this one works alone."""
        self.model.followers.stop()

    def close(self) -> None:
        """Closes the store and removes scratch files; what is not closed goes with the learner."""
        self.source.close()
        self._remove_scratch()

    @property
    def history(self) -> History:
        """All steps and epochs."""
        return self.state.history

    @property
    def best(self) -> BestWeights | None:
        """The weights with the lowest validation loss so far."""
        return self.state.best

    @property
    def snapshots(self) -> list[Snapshot]:
        """The weights at the ends of the last fit's cycles."""
        return self.state.snapshots

    @property
    def precompute(self) -> bool:
        """Whether training reads the plain view's stored activations; off, epochs walk through augmented views."""
        return self.state.precompute

    @precompute.setter
    def precompute(self, wanted: bool) -> None:
        self.state.precompute = wanted and self.body_is_frozen

    @property
    def batch_size(self) -> int:
        """Pictures in a training batch; may be changed between calls."""
        return self.state.batch_size

    @batch_size.setter
    def batch_size(self, pictures: int) -> None:
        check_whole("batch_size", pictures, least=1)
        self.state.batch_size = pictures

    @property
    def epoch_steps(self) -> int:
        """Steps in an epoch: the number of training batches, a smaller last one counted."""
        return -(-len(self.data.table.of_split("train")) // self.batch_size)

    @property
    def network(self) -> "Network":
        """The network in torch with the weights as they are now; loads torch if that was not done before."""
        return self.model.network_with_head()

    @property
    def body_is_frozen(self) -> bool:
        """Whether only the head trains."""
        return self.model.body_is_frozen

    def freeze(self) -> None:
        """Freezes all layer groups but the head."""
        self.freeze_to(-1)

    def unfreeze(self) -> None:
        """Makes all layer groups trainable."""
        self.freeze_to(0)

    def freeze_to(self, group: int) -> None:
        """Freezes all layer groups before the given one; a body that trains ends the use of precomputed activations.

        Args:
            group: Index of the first trainable group: 0 early body, 1 late body, 2 head; negative ones from the end.

        Raises:
            SettingsError: If there is no such group.
        """
        if group not in range(-len(GROUP_NAMES), len(GROUP_NAMES)):
            message = f"there is no layer group {group}; groups are {', '.join(GROUP_NAMES)}, numbered from 0"
            raise SettingsError(message, subject="group")
        self.model.freeze_to(range(len(GROUP_NAMES))[group])
        self.state.precompute = self.precompute and self.body_is_frozen
        self.source.plan()

    def restore_best(self) -> None:
        """Puts the weights of the lowest validation loss so far back in place."""
        if self.best:
            self.model.restore(self.best.weights)

    def save(self, folder: str | Path | None = None) -> None:
        """Saves weights, optimizer, history and all that going on needs; an earlier save stays until this is complete.

        Args:
            folder: Where to; the learner's own `checkpoints/` unless said otherwise. It is made if it is not there.

        Raises:
            RunError: If it cannot be written, the learner has no folder of its own, or an earlier learner's save, which
                was not loaded, lies there.
        """
        if not folder:
            self.check_own_folder()
        target = Path(folder) if folder else self._checkpoints
        if target is None:
            raise RunError("this learner has no folder of its own; name one: save(folder)", subject="folder")
        make_folder(target)
        about = {"own": self.about(), "model": self.model.facts(), "data": self._data_facts()}
        self.state.save(target, now=self.model.weights(momenta=True), about=about)

    def check_own_folder(self) -> None:
        """Raises RunError where the learner's folder holds what an earlier one saved, until that is loaded."""
        if self._holds_another:
            message = f"{self._checkpoints}: holds what an earlier learner saved; load() it, or choose another folder"
            raise RunError(message, subject=self._checkpoints or "folder")

    def load(self, folder: str | Path | None = None, *, resume: bool = False) -> dict[str, Any]:
        """Becomes what was saved by a learner of the same backbone and classes.

        Args:
            folder: Where it was saved; the learner's own `checkpoints/` unless said otherwise.
            resume: Whether a fit that was interrupted goes on at its next step when it is called again; otherwise it
                begins anew with these weights.

        Returns:
            What `about` had made of the learner that was saved.

        Raises:
            RunError: If nothing was saved there, it cannot be read, or it is of another backbone or other classes.
        """
        source = Path(folder) if folder else self._checkpoints
        if source is None:
            raise RunError("this learner has no folder of its own; name one: load(folder)", subject="folder")
        found = read_state(source)
        known, saved = self._data_facts(), found.about["data"]
        if saved["classes"] != known["classes"]:
            message = f"{source}: saved with classes {saved['classes']}, this learner's are {known['classes']}"
            raise RunError(message, subject=source)
        learned = saved.get("labels", ONE_LABEL)  # a save of before there were several
        if learned != known["labels"]:
            message = f"{source}: saved with {learned} a picture, this learner's pictures have {known['labels']} each"
            raise RunError(message, subject=source)
        self.model.adopt(found.about["model"], found_in=source)
        self._holds_another = self._holds_another and source != self._checkpoints
        if not self.model.same_optimizer(found.about["model"]):
            found = found.without_momenta()
        self.state.become(found)
        if saved["valid"] != known["valid"]:  # losses on other pictures cannot be compared
            self.state.best, self.state.snapshots = None, []
            self._observer.note("the validation pictures are others than when this was saved: its best is forgotten")
        self.source.plan()
        self.model.head.forget()
        self.model.restore(found.now)
        if not resume:
            self.state.fit = self.state.average = None
        return dict(found.about["own"])

    def _data_facts(self) -> dict[str, Any]:
        """Which classes there are, how many a picture has, and a hash of the pictures that validate."""
        contents = sorted(row.content for row in self.data.table.of_split("valid"))
        digest = hashlib.blake2b("\n".join(contents).encode(), digest_size=16).hexdigest()
        labels = SEVERAL_LABELS if self.data.objective.several else ONE_LABEL
        return {"classes": list(self.data.table.classes), "labels": labels, "valid": digest}
