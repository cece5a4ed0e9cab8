"""What is shipped is held against the model it came from."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import safetensors.numpy

from unfreeze.activations.engines import Engine, ExportMismatch, OnnxEngine
from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE
from unfreeze.deploy.export import TOLERANCE, export_model
from unfreeze.errors import BundleError
from unfreeze.training.head import LinearHead

SQUARES = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 4), np.uint8)


class MeansModel:
    """A model whose features are the means of the channels, and a body that is its own prefix.

    Args:
        graph: The body's graph; None for a body that cannot be exported.
    """

    key = "means"
    notes: list[str] = []  # noqa: RUF012 -- a protocol's attribute, never written to

    def __init__(self, graph: Path | None) -> None:
        self._graph = graph
        self.head = LinearHead(np.array([[0.01, 0, 0], [0, 0.02, 0]], np.float32), np.array([0.5, 0], np.float32))
        self.error = 0.0

    @property
    def engine(self) -> Engine:
        raise AssertionError("the shipped graph is compared, not the body's")

    def graph(self) -> Path:
        if self._graph is None:
            raise ExportMismatch("planted")
        return self._graph

    def body(self) -> "MeansModel":
        return self

    def arrays(self) -> dict[str, np.ndarray]:
        return {"stages.head.1.weight": self.head.weight, "stages.head.1.bias": self.head.bias}

    def probabilities(self, squares: npt.NDArray[np.uint8], *, temperature: float = 1.0) -> npt.NDArray[np.float64]:
        features = squares.mean((2, 3)).astype(np.float16).astype(np.float64)  # as the graph rounds them
        powers = np.exp((features @ self.head.weight.T.astype(np.float64) + self.head.bias) / temperature)
        found: npt.NDArray[np.float64] = powers / powers.sum(1, keepdims=True) + self.error
        return found


def test_graph_and_weights_are_written_and_agree(mean_body: Path, tmp_path: Path) -> None:
    model = MeansModel(mean_body)
    (tmp_path / "model").mkdir()
    difference = export_model(model, tmp_path / "model", squares=SQUARES)
    found = OnnxEngine(tmp_path / "model" / GRAPH_FILE).run(SQUARES)
    assert difference == np.abs(found - model.probabilities(SQUARES)).max() < 1e-6
    assert found.std() > 0.1
    weights = safetensors.numpy.load_file(tmp_path / "model" / WEIGHTS_FILE)
    assert weights.keys() == model.arrays().keys()
    assert all(np.array_equal(weights[name], array) for name, array in model.arrays().items())


def test_the_temperature_lies_in_the_graph_and_not_in_the_weights(mean_body: Path, tmp_path: Path) -> None:
    model = MeansModel(mean_body)
    assert export_model(model, tmp_path, squares=SQUARES, temperature=0.4) < 1e-6
    found = OnnxEngine(tmp_path / GRAPH_FILE).run(SQUARES)
    assert np.abs(found - model.probabilities(SQUARES)).max() > 0.1
    weights = safetensors.numpy.load_file(tmp_path / WEIGHTS_FILE)
    assert all(np.array_equal(weights[name], array) for name, array in model.arrays().items())


def test_a_graph_that_gives_no_numbers_is_refused(mean_body: Path, tmp_path: Path) -> None:
    model = MeansModel(mean_body)
    model.head.weight[0, 0] = np.nan
    with pytest.raises(BundleError, match=r"differs from the model by nan"):
        export_model(model, tmp_path, squares=SQUARES)


@pytest.mark.parametrize("error", [0.9, 1.1])
def test_a_graph_that_says_something_else_is_refused(mean_body: Path, tmp_path: Path, error: float) -> None:
    model = MeansModel(mean_body)
    model.error = error * TOLERANCE
    if error < 1:
        assert export_model(model, tmp_path, squares=SQUARES) == pytest.approx(model.error, rel=0.05)
        return
    with pytest.raises(
        BundleError, match=r"model\.onnx: differs from the model by 1\.1e-04 in a probability, more than"
    ):
        export_model(model, tmp_path, squares=SQUARES)


def test_weights_stay_where_there_can_be_no_graph(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx: this network cannot be exported \(planted\)") as caught:
        export_model(MeansModel(None), tmp_path, squares=SQUARES)
    assert caught.value.subject == str(tmp_path / GRAPH_FILE)
    assert [path.name for path in tmp_path.iterdir()] == [WEIGHTS_FILE]
