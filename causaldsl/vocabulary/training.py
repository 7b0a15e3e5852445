"""The words of `train`: a model's own recipe, which the command line overrides."""

from __future__ import annotations

from causaldsl.vocabulary.functions import SettingSignature


def _whole(name: str, low: float = 1, high: float = 1e9, **more: str) -> SettingSignature:
    return SettingSignature(
        name=name, kind="whole", low=low, high=high, all_word=more.get("all_word")
    )


def _number(
    name: str, low: float = 0.0, high: float | None = None, *, open_low: bool = True
) -> SettingSignature:
    return SettingSignature(name=name, kind="number", low=low, high=high, open_low=open_low)


#: Words of `train` by name.
TRAIN_WORDS: dict[str, SettingSignature] = {
    s.name: s
    for s in (
        _number("learning_rate"),
        _whole("batch_size", all_word="all"),
        _whole("epochs"),
        _whole("patience"),
        _whole("particles"),
        _whole("seed", low=0),
        SettingSignature(
            name="keep", kind="metric", words=("last", "loss", "accuracy", "auc", "rmse")
        ),
        SettingSignature(name="milestones", kind="sizes", low=1, high=1e9),
        _number("decay", high=1.0),
        _number("weight_decay", open_low=False),
        _number("clip"),
        _number("validation", high=0.9, open_low=False),
        SettingSignature(
            name="optimizer", kind="word", words=("adam", "adamw", "clipped_adam", "sgd")
        ),
        SettingSignature(name="schedule", kind="word", words=("constant", "cosine", "exponential")),
        _number("tolerance"),
        _whole("restarts"),
    )
}

#: Metrics of `keep` that name the variable they are measured on.
KEEP_METRICS_OF = frozenset({"accuracy", "auc", "rmse"})
