"""timm as it comes, a DataLoader and scikit-learn: pooled features of the body, then a logistic head.

`--size` squares are drawn by torchvision as timm's own configuration asks; channels-last memory, as timm's scripts
offer it.
"""

import argparse
from typing import Any

from benchmarks.competitors.answer import Phases, question
from benchmarks.competitors.weights import ARCHITECTURE, MEAN, STD, load_body

BATCH_SIZE = 64
WORKERS = 2


def main() -> None:
    """Computes features, fits the head and prints the answer."""
    options = question(__doc__).parse_args()
    phases = Phases()
    with phases("imports"):
        import timm
        import torch
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import log_loss
    with phases("pictures and network"):
        model: Any = timm.create_model(ARCHITECTURE, num_classes=0)
        load_body(model)
        model = model.eval().to(memory_format=torch.channels_last)
        crop_share = model.pretrained_cfg["crop_pct"]
    with phases("features"):
        train, train_labels = features(model, options, "train", crop_share)
        valid, valid_labels = features(model, options, "valid", crop_share)
    with phases("logistic regression"):
        head = LogisticRegression(max_iter=1000).fit(train, train_labels)
    probabilities = head.predict_proba(valid)
    loss = log_loss(valid_labels, probabilities, labels=head.classes_)
    phases.answer(accuracy=float(head.score(valid, valid_labels)), valid_loss=float(loss))


def features(model: Any, options: argparse.Namespace, split: str, crop_share: float) -> tuple[Any, Any]:
    """Pooled features (N, F) and labels (N,) of one split."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

    size = options.size
    whole = [Resize((size, size))] if options.squash else [Resize(round(size / crop_share)), CenterCrop(size)]
    pictures = ImageFolder(options.folder / split, Compose([*whole, ToTensor(), Normalize(MEAN, STD)]))
    found, labels = [], []
    with torch.inference_mode():
        for batch, targets in DataLoader(pictures, batch_size=BATCH_SIZE, num_workers=WORKERS):
            found.append(model(batch.to(memory_format=torch.channels_last)))
            labels.append(targets)
    return torch.cat(found).numpy(), torch.cat(labels).numpy()


if __name__ == "__main__":
    main()
