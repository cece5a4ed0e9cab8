"""A model is a graph and arrays until its body trains, and the same model afterwards."""

import json
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from unfreeze.activations.packaged import PackagedPrefix
from unfreeze.errors import BackboneError, SettingsError
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.build import build_network
from unfreeze.network.groups import POOLED
from unfreeze.network.network import Network

TORCHLESS = """
import json, sys
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner

learner = Learner(ImageData.from_folder(sys.argv[1], size_px=64))
learner.lr_find()
learner.fit(0.01, 1)
learner.precompute = False
views = [record.view for record in learner.fit(0.01, 2, cycle_len=1)]
learner.restore_best()
learner.model.arrays()
table = learner.evaluate(tta_views=1)
learner.close()
heavy = sorted({"torch", "torchvision", "timm", "sklearn", "scipy", "matplotlib"} & set(sys.modules))
print(json.dumps([heavy, views, table.probabilities.tolist()]))
"""

Arrays = dict[str, np.ndarray]


@pytest.fixture
def from_network(data: ImageData) -> Iterator[Learner]:
    """A learner on a network that was built before, which shares no activations with others."""
    learner = Learner(data, build_network(classes=2), use_store=False)
    learner.batch_size = 8
    yield learner
    learner.close()


def same(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def same_head(a: Learner, b: Learner) -> bool:
    return np.allclose(a.model.head.weight, b.model.head.weight, atol=1e-6) and np.allclose(
        a.model.head.bias, b.model.head.bias, atol=1e-6
    )


def test_a_frozen_packaged_body_needs_no_torch(data: ImageData) -> None:
    command = [sys.executable, "-W", "error", "-c", TORCHLESS, str(data.table.root)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    heavy, views, probabilities = json.loads(run.stdout)
    assert heavy == []
    assert views == [1, 2]
    assert np.shape(probabilities) == (8, 2)


def test_a_name_and_a_network_are_the_same_model(learner: Learner, from_network: Learner) -> None:
    assert not learner.model.is_built
    assert from_network.model.is_built
    for each in (learner, from_network):
        each.fit(0.01, 2)
        each.precompute = False
        each.fit(0.01, 1)
    assert not learner.model.is_built
    assert np.abs(learner.model.head.weight).max() > 1e-3
    assert same_head(learner, from_network)
    found, expected = learner.evaluate(tta_views=1), from_network.evaluate(tta_views=1)
    assert found.paths == expected.paths
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)
    assert found.tta is not None
    assert expected.tta is not None
    np.testing.assert_allclose(found.tta, expected.tta, atol=1e-6)


def test_a_name_and_a_network_share_stored_activations(learner: Learner, data: ImageData, decoded: list[str]) -> None:
    learner.evaluate()
    assert len(decoded) == 8
    network = Learner(data, build_network(classes=2))
    network.evaluate()
    network.close()
    assert len(decoded) == 8


def test_unfreezing_goes_on_with_the_head_as_it_was(learner: Learner, from_network: Learner) -> None:
    """Head, momentum included, and body are the same whether the network was there from the start or built now."""
    for each in (learner, from_network):
        each.fit(0.01, 1)
        each.unfreeze()
        assert each.model.head.weight_velocity.any()
        each.fit([1e-3, 1e-3, 0.01], 1)
    assert same_head(learner, from_network)
    found, expected = learner.model.arrays(), from_network.model.arrays()
    assert found.keys() == expected.keys()
    start = build_network(classes=2).state_dict()
    for name in ("stages.stem.0.weight", "stages.block4.0.conv_pw.weight", "stages.neck.0.weight"):
        step = expected[name] - start[name].numpy()
        assert step.any(), name
        assert np.abs(found[name] - expected[name]).max() < 1e-2 * np.abs(step).max(), name


@pytest.mark.parametrize("given", ["learner", "from_network"])
def test_the_best_from_before_unfreezing_is_the_pretrained_body(
    given: str, decoded: list[str], request: pytest.FixtureRequest
) -> None:
    learner: Learner = request.getfixturevalue(given)
    learner.fit(0.01, 1)
    best, before, predicted = learner.best, learner.model.arrays(), learner.evaluate()
    assert best is not None
    assert best.weights.body is None
    learner.unfreeze()
    learner.fit(0.001, 1)
    assert not learner.model.is_pretrained(POOLED)
    assert not np.array_equal(learner.model.arrays()["stages.stem.0.weight"], before["stages.stem.0.weight"])
    learner.state.best = best
    learner.restore_best()
    assert learner.model.is_pretrained(POOLED)
    assert same(learner.model.arrays(), before)
    tensors = learner.network.state_dict()
    assert all(np.array_equal(tensors[name].numpy(), array) for name, array in before.items() if "head" not in name)
    decoded.clear()
    again = learner.evaluate()
    assert decoded == []
    assert np.array_equal(again.probabilities, predicted.probabilities)
    assert isinstance(learner.model.body(), PackagedPrefix) == (given == "learner")  # no graph is exported anew


def test_weights_of_a_trained_body_come_back(learner: Learner) -> None:
    learner.unfreeze()
    learner.fit([1e-4, 1e-4, 0.01], 1)
    weights, before, predicted = learner.model.weights(), learner.model.arrays(), learner.evaluate()
    momenta = learner.model.head.copies()
    assert weights.body is not None
    learner.fit([1e-3, 1e-3, 0.01], 1)
    assert not same(learner.model.arrays(), before)
    assert not np.array_equal(learner.evaluate().probabilities, predicted.probabilities)
    learner.model.restore(weights)
    assert same(learner.model.arrays(), before)
    assert all(map(np.array_equal, learner.model.head.copies(), momenta))
    assert np.array_equal(learner.evaluate().probabilities, predicted.probabilities)


def test_weights_may_be_exchanged_any_number_of_times(learner: Learner) -> None:
    learner.fit(0.01, 1)
    frozen = learner.model.weights()
    learner.freeze_to(1)
    learner.fit(1e-3, 1)
    late = learner.model.weights()
    expected = learner.model.arrays()
    for _ in range(2):
        learner.model.restore(frozen)
        assert learner.model.is_pretrained(POOLED)
        assert not same(learner.model.arrays(), expected)
        learner.model.restore(late)
        assert not learner.model.is_pretrained(POOLED)
        assert learner.model.is_pretrained("block4")
        assert same(learner.model.arrays(), expected)


def test_weights_are_copies(learner: Learner) -> None:
    learner.unfreeze()
    learner.fit(1e-4, 1)
    weights = learner.model.weights()
    kept = {name: array.copy() for name, array in weights.arrays().items()}
    learner.fit(1e-3, 1)
    assert same(weights.arrays(), kept)


def test_a_late_body_trains_from_stored_activations(learner: Learner, decoded: list[str]) -> None:
    learner.freeze_to(1)
    assert learner.model.cut == "block4"
    assert not learner.precompute
    before = learner.model.arrays()
    records = learner.fit([0.01, 0.001, 0.01], 1)
    assert sorted(path for path in decoded if path.startswith("train/")) == sorted(
        row.path for row in learner.data.table.of_split("train")
    )
    decoded.clear()
    records += learner.fit([0.01, 0.001, 0.01], 3)
    assert [record.view for record in records] == [1, 2, 3, 1]
    assert [record.frozen for record in records] == [("early",)] * 4
    assert {path.split("/")[0] for path in decoded} == {"valid"}  # what the trained body says of them is new
    after = learner.model.arrays()
    early = [
        name for name in before if name.split(".")[1] in ("pixels", "stem", "block0", "block1", "block2", "block3")
    ]
    assert len(early) > 50
    assert set(learner.network.groups["early"]) <= set(early)
    assert all(np.array_equal(before[name], after[name]) for name in early)
    moved = [name for name in learner.network.groups["late"] if not np.array_equal(before[name], after[name])]
    assert len(moved) == len(learner.network.groups["late"])


def test_a_late_body_trains_as_it_would_on_pictures(data: ImageData) -> None:
    trained = []
    for group in (1, 0):
        learner = Learner(data)
        learner.freeze_to(group)
        learner.fit([1e-30, 1e-3, 0.01], 2)
        trained.append(learner.model.arrays())
        learner.close()
    start = build_network(classes=2).state_dict()
    for name in (
        "stages.head.1.weight",
        "stages.head.1.bias",
        "stages.neck.0.weight",
        "stages.block4.0.conv_pw.weight",
    ):
        steps = [found[name] - start[name].numpy() for found in trained]
        largest = np.abs(steps[1]).max()
        assert largest > 1e-5, name
        assert np.abs(steps[0] - steps[1]).max() < 1e-2 * largest, name  # activations are stored as float16


def test_the_cut_follows_what_is_frozen(learner: Learner) -> None:
    assert learner.model.cut == POOLED
    assert not learner.model.is_built
    learner.unfreeze()
    assert learner.model.is_built
    assert learner.model.cut == learner.network.stage_names[0]
    assert learner.model.frozen_groups == ()
    learner.freeze()
    assert learner.model.cut == POOLED
    assert learner.model.frozen_groups == ("early", "late")


def test_a_body_that_was_trained_is_not_pretrained_once_it_is_frozen_again(learner: Learner) -> None:
    learner.freeze_to(1)
    assert learner.model.is_pretrained(POOLED)
    learner.fit(1e-3, 1)
    assert not learner.model.is_pretrained(POOLED)
    assert learner.model.is_pretrained("block4")
    learner.freeze()
    assert not learner.model.is_pretrained(POOLED)
    learner.fit(0.01, 1)
    weights = learner.model.weights()
    assert weights.body is not None
    learner.unfreeze()
    assert learner.model.is_pretrained("pixels")


@pytest.mark.parametrize("trained", [False, True])
def test_arrays_load_into_a_network(learner: Learner, trained: bool) -> None:
    learner.fit(0.01, 1)
    if trained:
        learner.unfreeze()
        learner.fit(1e-3, 1)
    network = loaded(learner.model.arrays())
    squares = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), np.uint8)
    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(squares)).softmax(1).numpy()
    # The head reads features in half precision, as they are stored.
    np.testing.assert_allclose(learner.model.probabilities(squares), expected, atol=2e-4)
    assert learner.model.is_built == trained


def loaded(arrays: Arrays) -> Network:
    """A network with a model's weights; counters of batches, which change nothing, are all that is missing."""
    network = build_network(classes=2)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    missing, unexpected = network.load_state_dict(
        {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, strict=False
    )
    assert unexpected == []
    assert all(name.endswith("num_batches_tracked") for name in missing)
    return network


def test_the_policy_of_batch_norm_reaches_a_network_that_is_built_later(learner: Learner) -> None:
    learner.model.batch_norm = "train"
    assert not learner.model.is_built
    learner.unfreeze()
    assert learner.network.batch_norm == "train"
    before = learner.model.arrays()
    learner.fit(1e-4, 1)
    after = learner.model.arrays()
    assert not np.array_equal(before["stages.stem.1.running_mean"], after["stages.stem.1.running_mean"])
    learner.model.batch_norm = "frozen"
    learner.fit(1e-4, 1)
    assert np.array_equal(after["stages.stem.1.running_mean"], learner.model.arrays()["stages.stem.1.running_mean"])


def test_sizes_and_names_that_do_not_work_are_refused(data: ImageData) -> None:
    with pytest.raises(BackboneError, match="unknown backbone 'efficientnet_lite'; did you mean efficientnet_lite"):
        Learner(data, "efficientnet_lite")
    with pytest.raises(SettingsError, match="the network has 3 classes, the data 2; build it with classes=2"):
        Learner(data, build_network(classes=3))


def test_the_network_has_the_heads_weights_whenever_it_is_asked_for(data: ImageData) -> None:
    learner = Learner(data, build_network(classes=2))
    learner.fit(0.01, 1)
    assert np.array_equal(learner.network.classifier.weight.detach().numpy(), learner.model.head.weight)
    learner.fit(0.05, 1)
    learner.restore_best()
    assert np.array_equal(learner.network.classifier.weight.detach().numpy(), learner.model.head.weight)
    assert learner.model.head.weight.any()
    learner.close()


def test_a_packaged_body_that_is_written_to_is_no_longer_the_published_one(data: ImageData) -> None:
    learner = Learner(data, "efficientnet_lite0")
    published = learner.model.prefix("head").key
    assert learner.model.prefix("head").key == published
    with torch.no_grad():
        next(learner.network.stages["stem"].parameters()).mul_(1.5)
    assert learner.model.prefix("head").key != published
    learner.close()
