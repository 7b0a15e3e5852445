"""What an effect is asked of: one variable's levels against each other, an outcome, strata.

Reading a question needs no data: everything about it that can be wrong is found here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import networkx as nx

from causaldsl.counterfactual import effect_findings, findings
from causaldsl.counterfactual.action import Fixed, Flip, Intervention, Setting, intervene
from causaldsl.counterfactual.wording import read_interventions
from causaldsl.diagnostics.model import CounterfactualError, Diagnostic
from causaldsl.semantics.model import Scm, Structural, Variable
from causaldsl.vocabulary.domains import Binary, Categorical, Image, Ordered, levels_of
from causaldsl.vocabulary.roles import Role

#: A variable of more levels makes no strata, and all strata together are no more than `STRATA`.
LEVELS = 20
STRATA = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One level of the target against another: ``E[Y[a <- high]] - E[Y[a <- low]]``.

    `high` and `low` are encoded: a level's position. `levels` name them: ``("a=1", "a=0")``.
    """

    high: float
    low: float
    name: str
    levels: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectQuestion:
    """A question for effects, checked.

    Parameters
    ----------
    text
        The intervention as it was asked for.
    levels
        Names of the levels of the target and of each variable in `by`, in order.
    is_root
        Whether the target has no parent in the graph: neither observed nor latent.
    is_downstream
        Whether the outcome descends from the target.
    """

    text: str
    target: str
    contrasts: tuple[Contrast, ...]
    outcome: str
    by: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    is_root: bool
    is_downstream: bool

    @property
    def worlds(self) -> tuple[float, ...]:
        """The levels of the target that some contrast needs, lowest first."""
        return tuple(sorted({v for c in self.contrasts for v in (c.high, c.low)}))


def read_question(
    scm: Scm,
    do: Sequence[str],
    *,
    outcome: str | None = None,
    by: Sequence[str] = (),
) -> EffectQuestion:
    """Return the question that texts ask.

    Parameters
    ----------
    do
        ``["a=a'"]`` compares every level with the first, ``["a=1"]`` that level with each other.
    outcome
        The model's own outcome when not given.
    by
        Variables or groups of them, whose levels, combined, part the rows into strata.

    Raises
    ------
    CounterfactualError
        CD707 and CD712 for unknown names and levels, CD743 to CD746 for what has no effect or no
        strata.
    """
    intervention = intervene(scm, read_interventions(do, scm))
    setting = _single(scm, intervention)
    target, found = setting.target, list[Diagnostic]()
    chosen = _outcome(scm, outcome, target, found)
    names = tuple(dict.fromkeys(m for name in by for m in scm.groups.get(name, (name,))))
    _check_strata(scm, names, target, found)
    if found:
        raise CounterfactualError(found)
    return EffectQuestion(
        text=intervention.text,
        target=target,
        contrasts=_contrasts(scm.variables[target], setting),
        outcome=chosen,
        by=names,
        levels={n: _levels(scm.variables[n]) for n in (target, *names)},
        is_root=scm.graph.in_degree(target) == 0,
        is_downstream=chosen in nx.descendants(scm.graph, target),
    )


def _levels(variable: Variable) -> tuple[str, ...]:
    return levels_of(variable.domain) or ()


def _single(scm: Scm, intervention: Intervention) -> Fixed | Flip:
    """Return the one setting of one discrete variable that an effect is of."""
    settings = intervention.settings
    if len(settings) != 1:
        reason = f"`{intervention.text}` sets {len(settings)}" if settings else "nothing is set"
        hint = "ask for one variable at a time; `query` lines mix several"
        raise CounterfactualError([effect_findings.no_single_variable(reason, hint)])
    setting: Setting = settings[0]
    variable = scm.variables[setting.target]
    if not _levels(variable):
        reason = f"`{variable.name}` is {variable.domain}"
        hint = (
            f"`E[Y[{variable.name} <- 1] - Y[{variable.name} <- 0]]` in a `query` compares values"
        )
    elif variable.size is not None:
        reason = f"`{variable.name}` is {variable.size} variables at once"
        hint = "declare its cells as variables of their own"
    elif not variable.is_observed:
        reason = f"`{variable.name}` is unobserved"
        hint = "name an observed variable, or ask by a `query` line"
    elif isinstance(setting, Fixed | Flip):
        return setting
    else:
        reason = f"`{intervention.text}` sets no level"
        hint = f"write `{variable.name}={variable.name[0].lower()}{variable.name[1:]}'` or a level"
    raise CounterfactualError([effect_findings.no_single_variable(reason, hint)])


def _contrasts(variable: Variable, setting: Fixed | Flip) -> tuple[Contrast, ...]:
    count = len(_levels(variable))
    if isinstance(setting, Flip):
        pairs = [(k, 0) for k in range(1, count)]
    else:
        named = int(setting.value)
        pairs = [(named, k) for k in range(count) if k != named]
    return tuple(
        Contrast(
            high=float(high),
            low=float(low),
            name=" against ".join(names := _names(variable, high, low)),
            levels=names,
        )
        for high, low in pairs
    )


def _names(variable: Variable, high: int, low: int) -> tuple[str, str]:
    return _level_text(variable, high), _level_text(variable, low)


def _level_text(variable: Variable, level: int) -> str:
    return f"{variable.name}={_levels(variable)[level]}"


def _outcome(scm: Scm, name: str | None, target: str, found: list[Diagnostic]) -> str:
    """Return the outcome's name; what is wrong with it goes to `found`."""
    if name is None:
        declared = scm.with_role(Role.OUTCOME)
        if len(declared) != 1:
            found.append(effect_findings.no_single_outcome(declared))
            return ""
        name = declared[0]
    if name not in scm.variables:
        found.append(findings.unknown_variable(name, scm.variables, "outcome"))
        return name
    reason = _no_outcome(scm.variables[name], target)
    if reason is not None:
        found.append(effect_findings.wrong_outcome(name, reason))
    return name


def _no_outcome(variable: Variable, target: str) -> str | None:
    if variable.name == target:
        return "it is what is set"
    if not variable.is_observed:
        return "it is unobserved"
    if variable.size is not None:
        return f"it is {variable.size} numbers at once"
    match variable.domain:
        case Categorical() | Ordered():
            return f"it has the levels {variable.domain}, and a difference of levels is no number"
        case Image():
            return "it is an image"
        case _:
            return None


def _check_strata(scm: Scm, names: tuple[str, ...], target: str, found: list[Diagnostic]) -> None:
    below = nx.descendants(scm.graph, target)
    few = [
        n
        for n in scm.observed
        if n != target and n not in below and 0 < len(_levels(scm.variables[n])) <= LEVELS
    ]
    for name in names:
        if name not in scm.variables:
            found.append(findings.unknown_variable(name, scm.observed, "strata"))
        elif name == target:
            why = "it is what is set (rows by their own level of it are shown anyhow)"
            found.append(effect_findings.moving_stratum(name, target, why, few))
        elif name in below:
            why = f"it descends from `{target}`, so a row would leave its stratum"
            found.append(effect_findings.moving_stratum(name, target, why, few))
        elif (reason := _no_stratum(scm.variables[name])) is not None:
            found.append(effect_findings.no_strata([name], reason, few))
    count = prod(len(_levels(scm.variables[n])) or 1 for n in names if n in scm.variables)
    if not found and count > STRATA:
        reason = f"their levels make {count:,} strata, and {STRATA} are the most"
        found.append(effect_findings.no_strata(names, reason))


def _no_stratum(variable: Variable) -> str | None:
    count = len(_levels(variable))
    if not variable.is_observed:
        return "it is unobserved"
    if variable.size is not None:
        return f"it is {variable.size} values at once"
    if count == 0:
        return f"it is {variable.domain}, which has no few levels"
    if count > LEVELS:
        return f"it has {count} levels, and {LEVELS} are the most"
    return None


def is_computed(scm: Scm, name: str) -> bool:
    """Whether a variable follows from its parents, so that it has no noise and is its own mean."""
    return isinstance(scm.variables[name].mechanism, Structural)


def version_of_means(scm: Scm, outcome: str) -> str:
    """Return what the difference of the outcome's means is called."""
    return "probability" if isinstance(scm.variables[outcome].domain, Binary) else "mean"
