"""A small network that reads attributes off pictures, and whose features compare pictures.

It is trained on the set that is judged, so that its numbers say something about that set; they
compare with no other set's. The seed decides everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness.predictor import FloatArray
from causaldsl.runtime.scope import isolated, one_thread

N_FEATURES = 32
_CHUNK = 512  # pictures at once when nothing is learned
_HELD_OUT = 0.2
_FEWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureClassifier:
    """A trained network: `names` of its attributes, and its share right on pictures set apart."""

    names: tuple[str, ...]
    accuracy: Mapping[str, float]
    trunk: nn.Module = field(repr=False)
    head: nn.Module = field(repr=False)

    def features(self, images: FloatArray) -> FloatArray:
        """Return the last layer but one, ``(n, 32)``, of pictures ``(n, c, h, w)``."""
        return self._run(images, self.trunk)

    def probabilities(self, images: FloatArray) -> FloatArray:
        """Return P(attribute = 1) for each picture and attribute, ``(n, k)``."""
        logits = self._run(images, nn.Sequential(self.trunk, self.head))
        return np.asarray(1 / (1 + np.exp(-logits)))

    def _run(self, images: FloatArray, network: nn.Module) -> FloatArray:
        network.eval()
        with torch.no_grad(), one_thread():
            found = [
                network(
                    torch.tensor(
                        np.ascontiguousarray(images[start : start + _CHUNK]), dtype=torch.float32
                    )
                )
                for start in range(0, len(images), _CHUNK)
            ]
        return np.asarray(torch.cat(found).double().numpy())


def fit_classifier(
    images: FloatArray,
    attributes: Mapping[str, FloatArray],
    *,
    seed: int,
    epochs: int = 12,
    batch: int = 64,
) -> PictureClassifier:
    """Return a network trained to read attributes off pictures; a fifth of them is set apart.

    Three convolutions of stride 2 (16, 32, 32 channels), what they see in a grid of 4 x 4, 32
    features, one logit each attribute; Adam, falling from 3e-3 to zero.

    Parameters
    ----------
    images
        ``(n, c, h, w)`` from 0 to 1.
    attributes
        Each ``(n,)``, 0 or 1.

    Raises
    ------
    FairnessError
        CD807 if all training pictures have the same value of an attribute, CD812 for fewer than
        ten pictures.
    """
    if len(images) < _FEWEST:
        raise FairnessError([too_few_pictures(len(images))])
    names = tuple(attributes)
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(images))
    apart, kept = np.split(order, [max(1, int(len(images) * _HELD_OUT))])
    wanted = np.stack([attributes[name] for name in names], axis=1)  # (n, k)
    for name, column in zip(names, wanted[kept].T, strict=True):
        if column.min() == column.max():
            raise FairnessError([one_value(name, float(column[0]), len(kept))])
    x = torch.as_tensor(images, dtype=torch.float32)
    y = torch.as_tensor(wanted, dtype=torch.float32)
    with isolated(seed), one_thread():
        trunk, head = _network(images.shape[1], len(names))
        _train(trunk, head, x, y, kept, generator, epochs, batch)
    found = PictureClassifier(names=names, accuracy={}, trunk=trunk, head=head)
    right = (found.probabilities(images[apart]) >= 0.5) == (wanted[apart] == 1)
    accuracy = {name: float(column.mean()) for name, column in zip(names, right.T, strict=True)}
    return PictureClassifier(
        names=names, accuracy=MappingProxyType(accuracy), trunk=trunk, head=head
    )


def _network(channels: int, n_attributes: int) -> tuple[nn.Module, nn.Module]:
    trunk = nn.Sequential(
        nn.Conv2d(channels, 16, 3, stride=2, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(32, 32, 3, stride=2, padding=1),
        nn.LeakyReLU(0.1),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(32 * 16, N_FEATURES),
        nn.LeakyReLU(0.1),
    )
    return trunk.float(), nn.Linear(N_FEATURES, n_attributes).float()


def _train(
    trunk: nn.Module,
    head: nn.Module,
    x: Tensor,
    y: Tensor,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    generator: np.random.Generator,
    epochs: int,
    batch: int,
) -> None:
    trunk.train()
    optimiser = torch.optim.Adam([*trunk.parameters(), *head.parameters()], lr=3e-3)
    steps = epochs * -(-len(rows) // batch)
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for _ in range(epochs):
        order = torch.from_numpy(generator.permutation(rows))
        for taken in torch.split(order, batch):
            logits = head(trunk(x[taken]))
            loss = nn.functional.binary_cross_entropy_with_logits(logits, y[taken])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            falling.step()


def one_value(name: str, value: float, n: int) -> Diagnostic:
    """CD807: an attribute that never varies cannot be learned."""
    return diagnostic(
        "CD807", f"`{name}` is {value:g} in all {n:,} training pictures, expected both values"
    )


def too_few_pictures(n: int) -> Diagnostic:
    """CD812: too few pictures to train on some and to look at others."""
    word = "picture" if n == 1 else "pictures"
    return diagnostic(
        "CD812", f"a classifier is trained on at least {_FEWEST} pictures, not on {n} {word}"
    )
