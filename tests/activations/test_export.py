"""Export: a graph that computes what torch computes, written whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch
from torch import Tensor, nn

from unfreeze.activations import export
from unfreeze.activations.engines import ExportMismatch, Floats, OnnxEngine, noise_squares
from unfreeze.activations.export import TOLERANCE, export_graph
from unfreeze.network.build import build_network


class Small(nn.Module):
    """Scaled pixels through one convolution and a mean: quick to export, with all that a body has."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 5, 3, stride=2), nn.BatchNorm2d(5), nn.ReLU(), nn.Dropout(0.5))

    def forward(self, squares: Tensor) -> Tensor:
        pooled: Tensor = self.layers(squares.float() / 255).mean((2, 3))
        return pooled


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "small.onnx"
    export_graph(Small().train(), path, size_px=32)
    return path


@pytest.fixture
def traced(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives the exporter the finished graph, because tracing takes seconds."""
    monkeypatch.setattr(export, "_trace", lambda *_: onnx.load(graph))


def change_engine(monkeypatch: pytest.MonkeyPatch, change: Callable[[Floats], Floats]) -> None:
    class Changed(OnnxEngine):
        def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
            return change(super().run(squares))

    monkeypatch.setattr(export, "OnnxEngine", Changed)


def test_a_graph_computes_what_the_module_computes_in_eval_mode(graph: Path) -> None:
    squares = noise_squares(3, 32)
    with torch.inference_mode():
        expected = Small().eval()(torch.from_numpy(squares)).numpy()
    assert expected.std() > 0.01
    np.testing.assert_allclose(OnnxEngine(graph).run(squares), expected, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_graph_takes_any_number_of_squares(graph: Path, count: int) -> None:
    assert OnnxEngine(graph).run(noise_squares(count, 32)).shape == (count, 5)


def test_a_graph_stands_alone_with_named_ends(graph: Path) -> None:
    model = onnx.load(graph)
    assert [node.name for node in model.graph.input] == ["squares"]
    assert [node.name for node in model.graph.output] == ["activations"]
    assert [path.name for path in graph.parent.iterdir()] == ["small.onnx"]


def test_exporting_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export_graph(nn.Sequential(nn.Flatten()), tmp_path / "flat.onnx", size_px=32)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("change", [lambda found: found + 0.01, lambda found: found * np.nan], ids=["off", "nan"])
@pytest.mark.usefixtures("traced")
def test_a_graph_that_differs_from_torch_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Floats], Floats]
) -> None:
    change_engine(monkeypatch, change)
    with pytest.raises(ExportMismatch, match="onnxruntime and torch differ by"):
        export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("traced")
def test_a_difference_within_the_tolerance_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_engine(monkeypatch, lambda found: found + np.float32(TOLERANCE / 2))
    export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert [path.name for path in tmp_path.iterdir()] == ["small.onnx"]


@pytest.mark.usefixtures("traced")
def test_a_failed_export_leaves_the_graph_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small.onnx").write_text("what was there")
    change_engine(monkeypatch, lambda found: -found)
    with pytest.raises(ExportMismatch):
        export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["what was there"]


def test_a_graph_that_onnxruntime_cannot_load_is_a_mismatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_trace", lambda *_: onnx.ModelProto())
    with pytest.raises(ExportMismatch, match=r"onnxruntime cannot run the graph: ."):
        export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_holds_for_the_traced_batch_only_is_not_kept(tmp_path: Path) -> None:
    class Pairs(nn.Module):
        def forward(self, squares: Tensor) -> Tensor:
            return squares.float().mean((2, 3)) + float(len(squares) == 2)

    with pytest.raises((ExportMismatch, torch.onnx.OnnxExporterError)):
        export_graph(Pairs(), tmp_path / "pairs.onnx", size_px=32)
    assert list(tmp_path.iterdir()) == []


def no_trace(*_: object) -> onnx.ModelProto:
    raise AssertionError("the network was traced")


def test_a_network_is_traced_once_and_then_filled_with_other_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_graph(Small(), tmp_path / "first.onnx", size_px=32, name="small")
    monkeypatch.setattr(export, "_trace", no_trace)
    changed = Small().eval()
    torch.nn.init.normal_(changed.layers[0].weight, std=0.3)  # type: ignore[arg-type]
    export_graph(changed, tmp_path / "second.onnx", size_px=32, name="small")
    squares = noise_squares(2, 32)
    with torch.inference_mode():
        expected = changed(torch.from_numpy(squares)).numpy()
    found = [OnnxEngine(tmp_path / f"{name}.onnx").run(squares) for name in ("first", "second")]
    np.testing.assert_allclose(found[1], expected, atol=1e-6)
    assert np.abs(found[0] - found[1]).max() > 0.01
    for other in ({"size_px": 64, "name": "small"}, {"size_px": 32, "name": "other"}):
        with pytest.raises(AssertionError, match="the network was traced"):
            export_graph(changed, tmp_path / "third.onnx", **other)  # type: ignore[arg-type]


def test_a_kept_graph_that_does_not_fit_is_traced_again(tmp_path: Path) -> None:
    export_graph(Small(), tmp_path / "first.onnx", size_px=32, name="small")
    wider = Small().eval()
    wider.layers = nn.Sequential(nn.Conv2d(3, 7, 3), nn.BatchNorm2d(7))
    export_graph(wider, tmp_path / "second.onnx", size_px=32, name="small")
    assert OnnxEngine(tmp_path / "second.onnx").run(noise_squares(1, 32)).shape == (1, 7)


@pytest.mark.parametrize(
    ("backbone", "size_px"), [("efficientnet_lite0", 224), ("efficientnet_lite0", 96), ("efficientnet_lite1", 256)]
)
def test_the_shipped_graphs_fit_the_packaged_backbones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backbone: str, size_px: int
) -> None:
    monkeypatch.setattr(export, "_trace", no_trace)
    module = build_network(backbone, classes=2).prefix("head")
    export_graph(module, tmp_path / "graph.onnx", size_px=size_px, name=f"{backbone}-head")
    assert (tmp_path / "graph.onnx").stat().st_size > 10_000_000
