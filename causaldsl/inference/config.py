"""How a fit is run: the defaults, the file's `train` words over them, the caller's over those.

The default recipe is batches of 2,048 rows (all rows at once where there are fewer), Adam from
0.05, and a learning rate that falls whenever a block of epochs no longer improves the objective. A
file or a caller that writes `learning_rate` gets exactly that rate, constant unless a schedule is
written too; who writes `epochs` gets all of them unless `patience` is written too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from causaldsl.diagnostics.model import Diagnostic, InferenceError
from causaldsl.inference import findings
from causaldsl.source import Span
from causaldsl.vocabulary.functions import SettingSignature
from causaldsl.vocabulary.training import KEEP_METRICS_OF, TRAIN_WORDS

ScheduleWord = Literal["plateau", "constant", "cosine", "exponential", "milestones"]
OptimizerWord = Literal["adam", "adamw", "clipped_adam", "sgd"]

_BATCH = 2_048  # above it, time goes into rows; below it, into the calls of a step
_BLOCK_STEPS = (100, 150)  # of full batches, and of minibatches, whose epochs are noisier
_BUDGET_STEPS = 4_000  # where the default recipe gives up


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """The words of `train` as checked values; `None` is worked out from the number of rows.

    `tolerance` is in nats per row: what a block of `patience` epochs (or the last third of the
    run) must still gain for the fit to count as moving. `passes` full passes make the final ELBO.
    `final_learning_rate` is where every falling schedule ends. `keep` is ``last``, ``loss`` or a
    metric such as ``accuracy(y)``.
    """

    learning_rate: float = 0.05
    final_learning_rate: float = 0.001
    schedule: ScheduleWord = "plateau"
    milestones: tuple[int, ...] = ()
    decay: float = 0.3
    optimizer: OptimizerWord = "adam"
    batch_size: int | Literal["all"] | None = None
    epochs: int | None = None
    patience: int | None = None
    min_epochs: int = 0
    keep: str = "last"
    weight_decay: float = 0.0
    clip: float | None = None
    particles: int = 1
    seed: int = 0
    validation: float = 0.0
    tolerance: float = 0.001
    passes: int = 100
    restarts: int = 1
    checkpoint_seconds: float = 30.0

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> FitConfig:
        """Return the configuration that `to_dict` wrote; `ValueError` if it is none."""
        names = {f.name for f in fields(FitConfig)}
        if set(values) != names:
            raise ValueError(f"these are no training words: {sorted(set(values) ^ names)}")
        return FitConfig(**{**values, "milestones": tuple(values["milestones"])})

    # --- what `None` comes to -------------------------------------------------------------

    def rows_per_batch(self, n_rows: int) -> int | Literal["all"]:
        """Return the batch size for a table of so many rows."""
        if self.batch_size is not None:
            return self.batch_size
        return "all" if n_rows <= _BATCH else _BATCH

    def most_epochs(self, steps_per_epoch: int) -> int:
        """Return the epochs after which the run ends, whatever the objective does."""
        return self.epochs or max(20, math.ceil(_BUDGET_STEPS / steps_per_epoch))

    def block(self, steps_per_epoch: int) -> int | None:
        """Return the epochs of one block of the stopping rule; `None` when nothing stops early."""
        if self.patience is not None:
            return self.patience
        if self.epochs is not None and self.schedule != "plateau":
            return None
        return max(3, math.ceil(_BLOCK_STEPS[steps_per_epoch > 1] / steps_per_epoch))


# --- merging --------------------------------------------------------------------------------

#: Words that only a caller writes, beside those of the language.
_CALLER_WORDS: dict[str, SettingSignature] = {
    s.name: s
    for s in (
        SettingSignature(name="final_learning_rate", kind="number", low=0.0, open_low=True),
        SettingSignature(name="min_epochs", kind="whole", low=0, high=1e9),
        SettingSignature(name="passes", kind="whole", low=2, high=1e6),
        SettingSignature(name="checkpoint_seconds", kind="number", low=0.0),
    )
}

Words = Mapping[str, Any]


def configure(
    train: Words, overrides: Words | None = None, *, span: Span | None = None
) -> tuple[FitConfig | None, tuple[Diagnostic, ...]]:
    """Return the configuration of a fit: defaults, then the file's words, then the caller's.

    Parameters
    ----------
    train
        The words of the file's `train` line, as the checker left them.
    overrides
        The caller's, as values or as the text of a command line.
    span
        Where the `train` line stands.
    """
    values: dict[str, Any] = {}
    found: list[Diagnostic] = []
    given = overrides or {}
    for words, place in ((_left_standing(train, given), span), (given, None)):
        for name, value in words.items():
            _take(name, value, place, values, found)
    if not found:
        found += _contradictions(values, span)
    return (None, tuple(found)) if found else (_configured(values), ())


def _left_standing(train: Words, given: Words) -> Words:
    """Return the file's words without the way of lowering the rate that the caller replaces."""
    replaced: set[str] = set()
    if "schedule" in given and "milestones" not in given:
        replaced = {"milestones", "decay"}
    elif "milestones" in given and "schedule" not in given:
        replaced = {"schedule"}
    return {name: value for name, value in train.items() if name not in replaced}


def configured(
    train: Words, overrides: Words | None = None, *, span: Span | None = None
) -> FitConfig:
    """Return what `configure` returns, or raise `InferenceError` with its findings."""
    config, found = configure(train, overrides, span=span)
    if config is None:
        raise InferenceError(found)
    return config


def _take(
    name: str, value: object, span: Span | None, values: dict[str, Any], found: list[Diagnostic]
) -> None:
    known = TRAIN_WORDS | _CALLER_WORDS
    if name not in known:
        found.append(findings.unknown_word(name, sorted(known), span))
        return
    signature = known[name]
    typed = _typed(signature, value)
    if typed is None:
        shown = findings.as_text(value)
        found.append(findings.wrong_value(name, shown, _expected(signature), span))
    elif name == "restarts" and typed != 1:
        hint = "fit with several seeds and compare their ELBO"
        found.append(findings.unsupported(name, typed, hint, span))
    else:
        values[name] = typed


def _typed(signature: SettingSignature, value: object) -> Any:  # noqa: ANN401 (number, word, list)
    """Return the value in its type and range, or `None`."""
    match signature.kind:
        case "number" | "whole":
            if value == signature.all_word is not None:
                return value
            return _number(signature, value)
        case "sizes":
            return _sizes(signature, value)
        case "word" | "metric":
            word = (
                f"{value[0]}({value[1]})" if isinstance(value, tuple) and len(value) == 2 else value
            )
            return word if isinstance(word, str) and _is_known(word, signature) else None
        case _:
            return None


def _is_known(word: str, signature: SettingSignature) -> bool:
    kind, bracket, rest = word.partition("(")
    if kind not in KEEP_METRICS_OF:
        return word in signature.words
    return bool(bracket) and rest.endswith(")") and bool(rest[:-1].strip())


def _number(signature: SettingSignature, value: object) -> float | int | None:
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        return None
    low = -math.inf if signature.low is None else signature.low
    high = math.inf if signature.high is None else signature.high
    inside = low <= number <= high and math.isfinite(number)
    if isinstance(value, bool) or not inside or (signature.open_low and number == low):
        return None
    if signature.kind == "whole":
        return int(number) if number.is_integer() else None
    return number


def _sizes(signature: SettingSignature, value: object) -> tuple[int, ...] | None:
    items: Any = value.strip("[] ").split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not items:
        return None
    whole = replace(signature, kind="whole")
    numbers = [_number(whole, item) for item in items]
    ascending = None not in numbers and numbers == sorted(set(numbers))  # type: ignore[type-var]
    return tuple(int(n) for n in numbers if n is not None) if ascending else None


def _expected(signature: SettingSignature) -> str:
    if signature.kind in ("word", "metric"):
        words = (f"{w}(Y)" if w in KEEP_METRICS_OF else w for w in signature.words)
        return "one of " + ", ".join(f"`{w}`" for w in words)
    noun = {"whole": "a whole number", "number": "a number", "sizes": "a rising list of epochs"}
    text = noun.get(signature.kind, "a value")
    if signature.low is not None and signature.kind != "sizes":
        text += f" above {signature.low:g}" if signature.open_low else f" from {signature.low:g}"
    if signature.high is not None and signature.high < 1e6:
        text += f" to {signature.high:g}"
    return text if signature.all_word is None else f"{text}, or `{signature.all_word}`"


def _contradictions(values: Words, span: Span | None) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    if "milestones" in values and "schedule" in values:
        message = f"`milestones` and `schedule={values['schedule']}` both set the learning rate"
        found.append(findings.contradiction(message, "write one of them", span))
    if "milestones" in values and "learning_rate" not in values:
        message = "`milestones` lower a learning rate that is not written"
        found.append(findings.contradiction(message, "write `learning_rate`", span))
    epochs, least = values.get("epochs"), values.get("min_epochs", 0)
    if epochs is not None and least > epochs:
        message = f"`min_epochs` is {least}, above `epochs`, which is {epochs}"
        found.append(findings.contradiction(message, "lower `min_epochs`", span))
    if values.get("schedule") in ("cosine", "exponential") and epochs is None:
        message = f"`schedule={values['schedule']}` needs to know its end"
        found.append(findings.contradiction(message, "write `epochs`", span))
    return found


def _configured(values: dict[str, Any]) -> FitConfig:
    """Choose the schedule that the written words imply, and fill in the rest."""
    if "milestones" in values:
        values["schedule"] = "milestones"
    elif "schedule" not in values:
        if "learning_rate" in values:
            values["schedule"] = "constant"
        elif "epochs" in values:
            values["schedule"] = "exponential"
    if values.get("schedule") in ("cosine", "exponential") and "learning_rate" in values:
        values.setdefault("final_learning_rate", min(0.001, values["learning_rate"] / 50))
    if values.get("schedule") == "milestones":
        values.setdefault("decay", 0.1)
    if values.get("optimizer") == "clipped_adam":
        values.setdefault("clip", 10.0)  # what Pyro's optimiser of that name clips at
    return FitConfig(**values)
