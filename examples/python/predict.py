"""Names the class of pictures with onnxruntime, Pillow and numpy, without unfreeze.

pip install onnxruntime pillow numpy
python predict.py RUN/model picture.jpg ...  (of RUN.unfreeze, which is a zip archive, what it unpacks to)
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def square(path, transform):
    """The picture as the network sees it, (1, 3, S, S), uint8; transparency and colour profiles are passed over."""
    size, share = transform["size_px"], transform["crop_share"]
    image = Image.open(path)
    if image.format == "JPEG":  # decoded at a part of its size where that leaves twice what is needed
        room = min(image.size) // math.ceil(2 * size / min(share, 1 / 1.1))
        scale = next((scale for scale in (8, 4, 2) if room >= scale), 1)
        image.draft(image.mode, (image.width // scale, image.height // scale))
    image = ImageOps.exif_transpose(image).convert("RGB")
    sides = {"crop": [min(image.size) * share] * 2, "squash": image.size, "pad": [max(image.size)] * 2}
    width, height = sides[transform["square"]]
    kernel = Image.Resampling.HAMMING if min(width, height) >= size else Image.Resampling.BICUBIC
    left, top = (image.width - width) / 2, (image.height - height) / 2  # below 0 where the picture is padded
    box = max(left, 0), max(top, 0), min(left + width, image.width), min(top + height, image.height)
    inner = [max(1, round((box[2 + axis] - box[axis]) * size / side)) for axis, side in enumerate((width, height))]
    canvas = Image.new("RGB", (size, size), (127, 127, 127))
    corner = round((box[0] - left) * size / width), round((box[1] - top) * size / height)
    canvas.paste(image.resize(inner, kernel, box=box), corner)
    return np.asarray(canvas).transpose(2, 0, 1)[np.newaxis].copy()


bundle = Path(sys.argv[1])
about = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
session = onnxruntime.InferenceSession(bundle / "model.onnx", providers=["CPUExecutionProvider"])
for name in sys.argv[2:]:
    probabilities, features = session.run(None, {"squares": square(name, about["transform"])})
    best = sorted(zip(probabilities[0].tolist(), about["classes"], strict=True), reverse=True)[:3]
    print(name, *(f"{label} {probability:.6f}" for probability, label in best), sep="\t")
