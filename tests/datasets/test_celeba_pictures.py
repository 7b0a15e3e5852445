"""The whole way of CelebA's file layout, on tiny pictures: loader, table, fit, other worlds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image as Pillow

from causaldsl import pipeline
from causaldsl.data.binding import bind
from causaldsl.data.schema import schema_of
from causaldsl.datasets.celeba import celeba
from causaldsl.source import SourceFile
from tests.models_text import scm_of

TEXT = """scm faces
param beta_tc = 0.4
sensitive mustache : binary from "Mustache"
observed  young : binary from "Young"
observed  smiling : binary from "Smiling"
outcome   x : image[3, 16, 16] from "picture"
latent    u_r[3], u_d[3]
group r = young, smiling
group u = u_r, u_d
u_r -> r, x
u_d, mustache -> x
r ~ mlp(parents; hidden=[5])
x ~ deconv(parents; channels=[8, 6], hidden=[8], norm=batch, activation=leaky_relu(0.2))
guide u ~ Normal(conv(x, mustache; channels=[6, 8], hidden=[8], norm=batch))
loss elbo(weights={r: 40, mustache: 0})
loss disentangle = beta_tc * total_correlation(u_d, (u_r, mustache); network=mlp(hidden=[8]))
"""
ATTRIBUTES = ["Mustache", "Young", "Smiling"]
N = 10


@pytest.fixture
def faces(tmp_path):
    g = np.random.default_rng(1)
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    names = [f"{i:06}.jpg" for i in range(1, N + 1)]
    for name in names:
        small = g.integers(0, 256, (14, 12, 3), dtype=np.uint8)
        whole = Pillow.fromarray(small).resize((178, 218))
        whole.save(folder / "img_align_celeba" / name)
    values = [[1 if (i >> k) & 1 else -1 for k in range(3)] for i in range(N)]
    rows = [f"{name} {' '.join(map(str, v))}" for name, v in zip(names, values, strict=True)]
    listed = "\n".join([str(N), " ".join(ATTRIBUTES), *rows])
    (folder / "list_attr_celeba.txt").write_text(listed + "\n")
    parts = "\n".join(f"{name} {0 if i < 8 else 2}" for i, name in enumerate(names))
    (folder / "list_eval_partition.txt").write_text(parts + "\n")
    return folder


def test_faces_become_a_table_a_fit_and_pictures_of_another_world(faces, tmp_path):
    train = celeba(ATTRIBUTES, "train", size=16, folder=faces)
    test = celeba(ATTRIBUTES, "test", size=16, folder=faces)
    schema = schema_of(scm_of(TEXT))
    data = bind(train.table(), schema)
    assert data.columns["x"].shape == (8, 3, 16, 16)
    np.testing.assert_allclose(data.columns["x"], train.images / 255)
    fit = pipeline.fit(
        SourceFile(path="faces.scm", text=TEXT), train.table(), words={"epochs": 1, "passes": 2}
    )
    assert math.isfinite(fit.result.elbo)
    pipeline.save_fit(fit, tmp_path / "faces.fit")
    again = pipeline.answerer_of(pipeline.load_fit(tmp_path / "faces.fit"))
    made = pipeline.pictures(again, test.table(), ["mustache=mustache'"])
    assert made.counterfactual.shape == (2, 3, 16, 16)
    assert made.result.question.target == "mustache"
    assert (made.counterfactual != made.reconstruction).any()
    np.testing.assert_allclose(made.original, test.images / 255)
    assert made.sheet().startswith(b"\x89PNG")
