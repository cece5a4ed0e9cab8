"""Overlays in a page: one a picture, of the square's size, warm where the evidence is."""

import base64
import io

import numpy as np
from PIL import Image

from unfreeze.evaluation.activation_maps import ActivationMaps
from unfreeze.report.overlays import overlay_uris


def shown(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,")))), int)


def test_an_overlay_is_warm_where_the_evidence_is_for_the_class() -> None:
    evidence = np.array([[[8.0, -8.0]], [[1.0, 0.0]]], np.float32)
    squares = np.full((2, 3, 64, 64), 128, np.uint8)
    nothing = np.zeros(2, np.int64)
    found = ActivationMaps(
        squares=squares, classes=nothing, evidence=evidence, logits=np.zeros((2, 2), np.float32), exact=True
    )
    own, common = overlay_uris(found), overlay_uris(found, whole=8)
    assert [shown(uri).shape for uri in own] == [(64, 64, 3)] * 2
    warmth = [(picture[:, :8, 0] - picture[:, :8, 2]).mean() for picture in map(shown, (*own, common[1]))]
    assert warmth[0] > 100
    assert warmth[1] > 100
    assert 0 < warmth[2] < 30  # an eighth of the strongest evidence of all
    right = shown(own[0])[:, -8:]
    assert (right[..., 2] - right[..., 0]).mean() > 100
