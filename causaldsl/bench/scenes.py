"""A fit's pictures judged on drawn scenes, whose true counterfactuals are known.

Three sets of pictures stand side by side under every metric: what the model makes under
do(a = 1 - a), the true counterfactuals (what could be reached at best) and the originals left as
they are (what doing nothing reaches). The networks that read attributes are trained on scenes that
are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from causaldsl.counterfactual.abduction import read_evidence
from causaldsl.counterfactual.pictures import (
    CounterfactualPictures,
    counterfactual_pictures,
    image_of,
    read_question,
)
from causaldsl.data.binding import bind
from causaldsl.data.encoding import Encoding
from causaldsl.datasets.scenes import ATTRIBUTES, SCENES, SMALLEST, Scenes, scenes
from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.measures.pictures import PictureSubject
from causaldsl.fairness.measures.subject import MetricValue
from causaldsl.fairness.picture_classifier import PictureClassifier, fit_classifier
from causaldsl.fairness.picture_registry import judge_pictures
from causaldsl.fairness.predictor import FloatArray
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.semantics.model import Scm
from causaldsl.vocabulary.domains import Binary, Image

#: The attribute that is flipped: what it causes is drawn, what it goes with is drawn apart.
FLIPPED = "a"
#: The sets of pictures judged, and what stands for each in a table.
MADE, TRUTH, COPY = "model", "truth", "as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneJudgement:
    """What a fit's pictures of drawn scenes are worth.

    Parameters
    ----------
    values
        Metrics by name of the model's pictures, of the true ones and of the originals.
    reader
        The share of each attribute that the reading network has right on pictures set apart.
    reconstruction
        Mean absolute error of a pixel of the reconstructions.
    pictures, truth
        What was judged, and the true counterfactuals ``(N, c, h, w)``.
    n_train, seeds
        How many scenes the networks were trained on; the seeds of those and of the judged ones.
    """

    values: Mapping[str, Mapping[str, MetricValue]]
    reader: Mapping[str, float]
    reconstruction: float
    pictures: CounterfactualPictures = field(repr=False)
    truth: FloatArray = field(repr=False)
    n_train: int
    seeds: tuple[int, int]

    @property
    def n_rows(self) -> int:
        """How many scenes were judged."""
        return len(self.truth)


def scene_size(scm: Scm, columns: Mapping[str, tuple[str, ...]]) -> tuple[str, int, int]:
    """Return the variable to flip, and the channels and the size of the scenes of a model.

    Parameters
    ----------
    columns
        The columns of each observed variable.

    Raises
    ------
    FairnessError
        CD815 for a model of something else.
    CounterfactualError
        CD748 for a model without one image.
    """
    domain = scm.variables[image_of(scm)].domain
    assert isinstance(domain, Image)
    if domain.height != domain.width or domain.height < SMALLEST or domain.channels not in (1, 3):
        said = f"scenes are square, from {SMALLEST} x {SMALLEST}, grey or RGB, and it has {domain}"
        raise FairnessError([no_scenes(scm.name, said)])
    named = [n for n, own in columns.items() if own == (FLIPPED,)]
    if not named or not isinstance(scm.variables[named[0]].domain, Binary):
        said = f"none of its binary variables reads the column `{FLIPPED}`"
        raise FairnessError([no_scenes(scm.name, said)])
    strange = [
        f"`{column}`"
        for own in columns.values()
        for column in own
        if column not in (*ATTRIBUTES, "picture")
    ]
    if strange:
        raise FairnessError([no_scenes(scm.name, f"no scene has {', '.join(strange)}")])
    return named[0], domain.channels, domain.height


def judge_on_scenes(
    compiled: CompiledScm,
    params: Values,
    state: Mapping[str, object] | None,
    encoding: Encoding,
    *,
    n: int | None = None,
    n_train: int | None = None,
    draws: int | None = None,
    seed: int = 0,
    resampling: Resampling | None = None,
    progress: ProgressCallback = silent,
) -> SceneJudgement:
    """Return how a fit's pictures of scenes compare with the true ones and with doing nothing.

    Parameters
    ----------
    n, n_train
        How many scenes are judged, and how many the reading networks learn from: those of the
        shipped parts ``test`` and ``train`` when not given.
    draws
        As in `counterfactual_pictures`.
    seed
        Seeds the draws and the reading networks. The scenes are those of the shipped parts.

    Raises
    ------
    FairnessError
        CD815 for a model of something else than scenes.
    """
    scm, schema = compiled.scm, encoding.schema
    columns = {name: spec.columns for name, spec in schema.variables.items()}
    target, channels, size = scene_size(scm, columns)
    parts = list(SCENES.parts)
    seeds = (1 + parts.index("train"), 1 + parts.index("test"))
    rows = scenes(n or SCENES.parts["test"], seeds[1], size=size, channels=channels)
    n_train = n_train or SCENES.parts["train"]
    made = _pictures(compiled, params, state, encoding, rows, target, draws, seed, progress)
    progress(Progress(stage="judge", done=0, total=2))
    reader, identity = _readers(n_train, seeds[0], size, channels, seed)
    progress(Progress(stage="judge", done=1, total=2))
    expected = rows.flipped().attributes
    values = {
        name: MappingProxyType(
            judge_pictures(
                PictureSubject(
                    name=name,
                    original=rows.images,
                    made=images,
                    attributes=rows.attributes,
                    expected=expected,
                    truth=rows.counterfactual,
                    caused=rows.masks["caused"],
                    correlated=rows.masks["correlated"],
                    reader=reader,
                    identity=identity,
                    reference=rows.counterfactual,
                ),
                resampling,
            )
        )
        for name, images in (
            (MADE, next(iter(made.worlds.values())).numpy()),
            (TRUTH, rows.counterfactual),
            (COPY, rows.images),
        )
    }
    progress(Progress(stage="judge", done=2, total=2))
    return SceneJudgement(
        values=MappingProxyType(values),
        reader=reader.accuracy,
        reconstruction=float(np.abs(made.reconstruction.numpy() - rows.images).mean()),
        pictures=made,
        truth=rows.counterfactual,
        n_train=n_train,
        seeds=seeds,
    )


@lru_cache(maxsize=4)
def _readers(
    n: int, scenes_seed: int, size: int, channels: int, seed: int
) -> tuple[PictureClassifier, PictureClassifier]:
    """Return the network that reads every attribute, and the one for identity.

    Kept, since one set of scenes often judges several fits.
    """
    train = scenes(n, scenes_seed, size=size, channels=channels)
    others = {name: v for name, v in train.attributes.items() if name != FLIPPED}
    reader = fit_classifier(train.images, train.attributes, seed=seed)
    return reader, fit_classifier(train.images, others, seed=seed)


def _pictures(
    compiled: CompiledScm,
    params: Values,
    state: Mapping[str, object] | None,
    encoding: Encoding,
    rows: Scenes,
    target: str,
    draws: int | None,
    seed: int,
    progress: ProgressCallback,
) -> CounterfactualPictures:
    table: Mapping[str, Any] = rows.table()
    data = bind(table, encoding.schema, encoding=encoding, what="evidence")
    values = {n: v for n, v in data.batch().items() if n != "__row__"}
    names = compiled.scm.observed
    evidence = read_evidence(
        compiled.scm, values, names=names, row_numbers=data.row_numbers, seen=dict(data.observed)
    )
    with torch.no_grad():
        return counterfactual_pictures(
            compiled, params, evidence, read_question(compiled.scm, [f"{target}={target}'"]),
            seed=seed, state=state, draws=draws, progress=progress,
        )  # fmt: skip


def no_scenes(model: str, reason: str) -> Diagnostic:
    """CD815: a model that cannot have been fitted on the drawn scenes."""
    return diagnostic(
        "CD815",
        f"model `{model}` cannot be judged on the drawn scenes: {reason}",
        hint="pictures of another set are judged by their own truth: `judge_pictures` in Python",
    )
