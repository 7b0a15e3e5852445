r"""Small scenes drawn here, with the exact picture of what each would be if one attribute differed.

A house under a sky. The model, with independent noises on the right:

====================  ============================================  =============================
``z`` (hidden)        1 with probability 1/2
``a``                 1 with probability 0.85 if z = 1, else 0.15   causes the roof and the window
``sun``               1 with probability 0.9 if z = 1, else 0.1     caused by z, not by a
``tree``, ``snow``    1 with probability 0.5, 0.4                   caused by nothing
``shift``             uniform on (-1, 1): where the house stands    moves the roof and the window
``hue``, ``light``    uniform on (0, 1): house wall, sky            visible in both worlds
``tone``              uniform on (0, 1): brightness of the window   visible in both worlds
picture               a function of all but z
====================  ============================================  =============================

With a = 1 the house has a red gable roof and a lit window, with a = 0 open sky above the wall and
a dark window: the two **caused** parts. The **correlated** part is the sun, which goes with a only
because z moves both: :math:`P(sun \mid a=1) - P(sun \mid a=0) = 0.56`. So under
:math:`do(a = 1-a)` roof and window change and every other pixel, the sun among them, stays. What
the other picture looks like can be told from this one alone: nothing that it needs is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causaldsl.datasets.dataset import DataSet

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: P(a = 1 | z), P(sun = 1 | z) for z = 0, 1; P(tree = 1), P(snow = 1); all with P(z = 1) = 1/2.
P_A = (0.15, 0.85)
P_SUN = (0.1, 0.9)
P_TREE, P_SNOW = 0.5, 0.4
#: P(sun = 1 | a = 1) - P(sun = 1 | a = 0), by Bayes' rule with both values of a equally likely.
ASSOCIATION = (P_A[1] - P_A[0]) * (P_SUN[1] - P_SUN[0])
#: What a changes in the picture, and what it only goes with.
CAUSED, CORRELATED = ("roof", "window"), ("sun",)
_UNIFORMS = ("z", "a", "sun", "tree", "snow", "shift", "hue", "light", "tone")
#: The columns of a table of scenes beside `picture`, and the least side of one.
ATTRIBUTES = ("a", "sun", "tree", "snow")
SMALLEST = 8
_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow converts RGB to L


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenes:
    """Drawn scenes ``n`` and what each would be under do(a = 1 - a).

    `images` and `counterfactual` are ``(n, c, h, w)`` from 0 to 1, whole multiples of 1/255.
    `attributes` are ``(n,)``, 0 or 1: ``a``, ``sun``, ``tree``, ``snow``. `masks` are
    ``(n, h, w)``: where each part stands in this row whether it is drawn or not, and ``caused``
    (roof or window), ``correlated`` (sun). `latents` ``(n,)`` hold ``z``, shapes and colours.
    """

    images: Floats = field(repr=False)
    attributes: Mapping[str, Floats] = field(repr=False)
    counterfactual: Floats = field(repr=False)
    masks: Mapping[str, Mask] = field(repr=False)
    latents: Mapping[str, Floats] = field(repr=False)

    def flipped(self) -> Scenes:
        """Return the same rows under do(a = 1 - a), drawn anew from the same latents."""
        others = dict(self.attributes) | {"a": 1.0 - self.attributes["a"]}
        return _scenes(others, self.latents, self.images.shape[2], self.images.shape[1])

    def table(self) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
        """Return what a table of these rows holds: ``picture`` and the attributes."""
        columns = {name: values.astype(np.int64) for name, values in self.attributes.items()}
        return {"picture": self.images, **columns}


def scenes(n: int, seed: int, *, size: int = 16, channels: int = 3) -> Scenes:
    """Return `n` scenes of `size` x `size` pixels.

    Equal arguments give equal scenes, and more rows begin with fewer: row i depends on the seed
    and on i alone.

    Parameters
    ----------
    channels
        3 for red, green and blue, 1 for grey.

    Raises
    ------
    ValueError
        If n is below 1, size below 8, or channels neither 1 nor 3.
    """
    if n < 1 or size < SMALLEST or channels not in (1, 3):
        raise ValueError(
            f"n >= 1, size >= {SMALLEST}, channels 1 or 3; not {n}, {size}, {channels}"
        )
    drawn = np.random.default_rng(seed).random((n, len(_UNIFORMS)))
    u = dict(zip(_UNIFORMS, drawn.T, strict=True))
    z = (u["z"] < 0.5).astype(np.float64)
    attributes = {
        "a": u["a"] < np.where(z == 1, P_A[1], P_A[0]),
        "sun": u["sun"] < np.where(z == 1, P_SUN[1], P_SUN[0]),
        "tree": u["tree"] < P_TREE,
        "snow": u["snow"] < P_SNOW,
    }
    latents = {"z": z, "shift": 2 * u["shift"] - 1} | {k: u[k] for k in ("hue", "light", "tone")}
    return _scenes(
        {k: v.astype(np.float64) for k, v in attributes.items()}, latents, size, channels
    )


def _scenes(
    attributes: Mapping[str, Floats], latents: Mapping[str, Floats], size: int, channels: int
) -> Scenes:
    shapes = _shapes(latents, size)
    masks = {name: shapes[name] > 0 for name in (*CAUSED, *CORRELATED)}
    masks["caused"] = masks["roof"] | masks["window"]
    masks["correlated"] = masks["sun"]
    others = dict(attributes) | {"a": 1.0 - attributes["a"]}
    return Scenes(
        images=_draw(attributes, latents, shapes, channels),
        attributes=MappingProxyType(dict(attributes)),
        counterfactual=_draw(others, latents, shapes, channels),
        masks=MappingProxyType(masks),
        latents=MappingProxyType(dict(latents)),
    )


# --- shapes ---------------------------------------------------------------------------------


def _shapes(latents: Mapping[str, Floats], size: int) -> Mapping[str, Floats]:
    """Return how much of each pixel each part covers, ``(n, h, w)``, on a field of 16 by 16."""
    centres = (np.arange(size) + 0.5) * 16 / size
    x, y = centres[None, None, :], centres[None, :, None]
    o = latents["shift"][:, None, None]
    pixel = 16 / size  # the width of a pixel, over which an edge fades

    def covered(inside: Floats) -> Floats:
        """Return coverage from the distance to the edge, positive inside."""
        shape = (len(o), size, size)
        return np.broadcast_to(np.clip(inside / pixel + 0.5, 0.0, 1.0), shape)

    def box(left: Floats | float, right: Floats | float, top: float, bottom: float) -> Floats:
        sides = np.minimum(np.minimum(x - left, right - x), np.minimum(y - top, bottom - y))
        return covered(sides)

    slope = np.hypot(3.8, 3.8)
    gable = (3.8 * (y - 4.2) - 3.8 * np.abs(x - (9 + o))) / slope
    return {
        "ground": covered(y - 12.5),
        "tree": np.maximum(covered(1.7 - np.hypot(x - 2.0, y - 8.5)), box(1.6, 2.4, 9.0, 13.5)),
        "wall": box(6 + o, 12 + o, 8.0, 13.5),
        "roof": covered(np.minimum(gable, 8.0 - y)),
        "window": box(7.8 + o, 10.2 + o, 9.3, 11.7),
        "sun": covered(1.8 - np.hypot(x - 13.4, y - 2.6)),
    }


def _draw(
    attributes: Mapping[str, Floats],
    latents: Mapping[str, Floats],
    shapes: Mapping[str, Floats],
    channels: int,
) -> Floats:
    size = shapes["wall"].shape[-1]
    hue, light, tone = (latents[name][:, None] for name in ("hue", "light", "tone"))
    a, snow = attributes["a"][:, None], attributes["snow"][:, None]
    sky = np.array([0.45, 0.68, 0.92]) * (0.8 + 0.2 * light)  # (n, 3)
    haze = 0.08 * (np.arange(size) / size)[:, None] * np.ones(size)  # (h, w), more further down
    picture = sky[:, :, None, None] + haze
    green, white = np.array([0.33, 0.62, 0.28]), np.array([0.94, 0.95, 0.98])
    warm, cool = np.array([0.86, 0.62, 0.42]), np.array([0.60, 0.52, 0.78])
    lit, dark = np.array([1.0, 0.95, 0.55]), np.array([0.12, 0.16, 0.32])
    everywhere = np.ones_like(attributes["a"])
    layers = (
        ("ground", everywhere, snow * white + (1 - snow) * green),
        ("tree", attributes["tree"], np.array([[0.10, 0.36, 0.16]])),
        ("sun", attributes["sun"], np.array([[1.0, 0.80, 0.15]])),
        ("wall", everywhere, hue * warm + (1 - hue) * cool),
        ("roof", attributes["a"], np.array([[0.58, 0.10, 0.08]])),
        ("window", everywhere, (a * lit + (1 - a) * dark) * (0.8 + 0.2 * tone)),
    )
    for name, shown, colour in layers:
        cover = (shapes[name] * shown[:, None, None])[:, None]  # (n, 1, h, w)
        picture = (1 - cover) * picture + cover * colour[:, :, None, None]
    if channels == 1:
        picture = np.einsum("c,nchw->nhw", np.array(_GREY), picture)[:, None]
    return np.asarray((picture.clip(0, 1) * 255).round() / 255)


# --- as a data set --------------------------------------------------------------------------


def read(folder: Path, part: str) -> pd.DataFrame:
    """Return the drawn rows of a part; ``train`` has seed 1, ``test`` seed 2. No file is read."""
    del folder
    rows = scenes(SCENES.parts[part], seed=1 + list(SCENES.parts).index(part))
    columns = rows.table()
    return pd.DataFrame({"picture": list(columns.pop("picture")), **columns})


SCENES = DataSet(
    name="scenes",
    folder="scenes",
    title="Scenes, drawn here: a house whose roof an attribute causes, and a sun",
    files=(),
    parts=MappingProxyType({"train": 2_000, "test": 500}),
    read=read,
    citation="causaldsl",
    terms="drawn by this package, under its licence",
    traps=("the sun goes with a (0.56) and is not caused by it",),
)
