"""The networks of the language: `linear`, `mlp`, `conv`, `deconv`, and their settings."""

from __future__ import annotations

from causaldsl.vocabulary.functions import CallSignature, SettingSignature, by_name

#: Activations and the slope that may be written behind them (`None`: takes none).
ACTIVATIONS: dict[str, float | None] = {
    "relu": None,
    "leaky_relu": 0.01,
    "elu": 1.0,
    "selu": None,
    "gelu": None,
    "silu": None,
    "softplus": None,
    "tanh": None,
    "sigmoid": None,
    "identity": None,
}

#: Bounds of a network's output by the word of its `out` setting.
OUT_BOUNDS: dict[str, tuple[float, float]] = {
    "tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "softplus": (0.0, float("inf")),
    "identity": (float("-inf"), float("inf")),
}

_INTERCEPT = SettingSignature(name="intercept", kind="flag", default=True)
_PRIOR = SettingSignature(name="prior", kind="prior")
_HIDDEN = SettingSignature(name="hidden", kind="sizes", default=(), low=1, high=100_000)
_CHANNELS = SettingSignature(name="channels", kind="sizes", default=(), low=1, high=100_000)
_ACTIVATION = SettingSignature(name="activation", kind="activation", default="relu")
_NORM = SettingSignature(name="norm", kind="word", default="none", words=("none", "batch", "layer"))
_DROPOUT = SettingSignature(name="dropout", kind="number", default=0.0, low=0.0, high=0.99)
_OUT = SettingSignature(name="out", kind="word", default="identity", words=tuple(OUT_BOUNDS))
_DENSE = (_HIDDEN, _ACTIVATION, _NORM, _DROPOUT, _OUT)

#: Networks by name. A network given to a network is a trunk: it ends at its last hidden layer.
NETWORKS: dict[str, CallSignature] = by_name(
    (
        CallSignature(
            name="linear",
            least=1,
            most=None,
            result="network",
            settings=(_INTERCEPT, _PRIOR),
            inputs="a, b, ...",
        ),
        CallSignature(
            name="mlp", least=1, most=None, result="network", settings=_DENSE, inputs="a, b, ..."
        ),
        CallSignature(
            name="conv",
            least=1,
            most=None,
            result="network",
            settings=(_CHANNELS, *_DENSE),
            inputs="an image, and others lifted to maps",
        ),
        CallSignature(
            name="deconv",
            least=1,
            most=None,
            result="network",
            settings=(_CHANNELS, *_DENSE),
            inputs="a, b, ... to an image",
        ),
    )
)

#: What a family over one network (``Normal(mlp(...); scale=logvar)``) takes as a setting.
SCALE = SettingSignature(
    name="scale", kind="word", default="softplus", words=("softplus", "exp", "logvar")
)
