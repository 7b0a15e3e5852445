"""The terms of a loss, and the schedules of a weight."""

from __future__ import annotations

from causaldsl.vocabulary.functions import CallSignature, SettingSignature, by_name

#: Kernels and the width that may be written behind them (`None`: the median distance).
KERNELS: dict[str, float | None] = {"gaussian": None, "laplace": None, "energy": None}

_KERNEL = SettingSignature(name="kernel", kind="kernel", default="gaussian")
_GROUP_WEIGHTS = SettingSignature(
    name="weights", kind="word", default="equal", words=("equal", "count")
)
_NETWORK = SettingSignature(name="network", kind="network")
_STEPS = SettingSignature(name="steps", kind="whole", default=1, low=1, high=100_000)
_RATE = SettingSignature(name="learning_rate", kind="number", low=0.0, open_low=True)


def _term(
    name: str, least: int, most: int | None, inputs: str, *settings: SettingSignature
) -> CallSignature:
    return CallSignature(
        name=name, least=least, most=most, result="term", settings=settings, inputs=inputs
    )


#: Loss terms by name. `inputs` says what stands before the semicolon.
TERMS: dict[str, CallSignature] = by_name(
    (
        _term(
            "elbo",
            0,
            0,
            "",
            SettingSignature(name="kl", kind="number", default=1.0, low=0.0),
            SettingSignature(name="weights", kind="weights"),
            SettingSignature(
                name="estimator", kind="word", default="closed", words=("closed", "draws")
            ),
        ),
        _term("mse", 2, 2, "A, B"),
        _term("mae", 2, 2, "A, B"),
        _term("mean", 1, 1, "e"),
        _term(
            "balance",
            1,
            1,
            "a term",
            SettingSignature(name="R", kind="number", low=0.0, open_low=True),
            SettingSignature(name="each_step", kind="flag", default=False),
        ),
        _term("mmd", 1, 2, "u by S, or u, Normal(0, 1)", _KERNEL, _GROUP_WEIGHTS),
        _term("hsic", 2, 2, "u, S", _KERNEL),
        _term("total_correlation", 2, None, "u, (v, w), ...", _NETWORK, _STEPS, _RATE),
        _term("adversary", 1, 2, "S from u, or a sample, a sample", _NETWORK, _STEPS, _RATE),
    )
)

#: Schedules of a weight, by name: ``warmup(0, 1; epochs=50)``.
SCHEDULES: dict[str, CallSignature] = by_name(
    (
        CallSignature(
            name="warmup",
            least=2,
            most=2,
            result="weight",
            settings=(SettingSignature(name="epochs", kind="whole", low=1, high=10_000_000),),
            inputs="from, to",
        ),
    )
)

#: Terms whose value is a network's success: they must be given that network.
NEED_NETWORK = frozenset({"total_correlation", "adversary"})

#: Terms that send a gradient through every draw they are given.
NEED_GRADIENT = frozenset({"mse", "mae", "mean", "mmd", "hsic", "total_correlation", "adversary"})
