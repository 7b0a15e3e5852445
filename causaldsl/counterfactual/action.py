"""Action: what an intervention says, the worlds it opens, and the mechanisms it replaces.

``do(S = s')`` opens one world for each level of S and leaves a row out of its own; everything
else opens one world. Replacing mechanisms is all that `act` does: the noise stays as abducted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import isfinite

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abduction import Abduction
from causaldsl.counterfactual.allowed import check_parameters, check_values, is_inside
from causaldsl.counterfactual.arithmetic import evaluate, text_of
from causaldsl.diagnostics.model import CounterfactualError, Diagnostic
from causaldsl.engines.problem import Problem
from causaldsl.runtime.distributions import apply_noise, build_family, draw_noise
from causaldsl.runtime.forward import encoded, propagate
from causaldsl.runtime.noise_maps import joint_shape
from causaldsl.semantics.families import fits
from causaldsl.semantics.model import Scm, Variable
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.domains import (
    Categorical,
    Image,
    Ordered,
    Positive,
    UnitInterval,
    levels_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A value in place of a mechanism, encoded (a level's position)."""

    target: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Every other value than the row's own."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A value made from the row's factual values, such as ``S + 1``, or from another world's."""

    target: str
    expression: nodes.Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A draw from a family whose parameters may read the row's factual values."""

    target: str
    call: nodes.Call


Setting = Fixed | Flip | Computed | Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """Settings of several variables at once, and the text that says them."""

    settings: tuple[Setting, ...]
    text: str

    @property
    def targets(self) -> tuple[str, ...]:
        """The variables that are set."""
        return tuple(s.target for s in self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One world of an intervention.

    A row whose own value of a variable in `not_own` is the one given is left out.
    """

    name: str
    settings: tuple[Fixed | Computed | Policy, ...]
    not_own: Mapping[str, float] = field(default_factory=dict)


def intervene(
    scm: Scm, values: Mapping[str, str | float] | Sequence[nodes.Assignment]
) -> Intervention:
    """Return an intervention from written assignments, or from a mapping to levels and numbers.

    Raises
    ------
    CounterfactualError
        With a diagnostic for every assignment that is wrong.
    """
    found: list[Diagnostic] = []
    settings: list[Setting] = []
    texts: list[str] = []
    pairs = _from_mapping(values) if isinstance(values, Mapping) else _from_nodes(values)
    for name, what, text, span in pairs:
        if name in (s.target for s in settings):
            found.append(findings.set_twice(name, span))
            continue
        try:
            settings.append(_setting(scm, name, what, span))
        except CounterfactualError as error:
            found.extend(error.diagnostics)
        texts.append(text)
    if found:
        raise CounterfactualError(found)
    return Intervention(settings=tuple(settings), text=", ".join(texts))


def worlds_of(scm: Scm, intervention: Intervention) -> tuple[World, ...]:
    """Return the worlds an intervention opens, in the order of the flipped variables' levels."""
    choices: list[list[tuple[Fixed | Computed | Policy, bool]]] = []
    for setting in intervention.settings:
        if isinstance(setting, Flip):
            levels = levels_of(scm.variables[setting.target].domain) or ()
            choices.append(
                [(Fixed(target=setting.target, value=float(k)), True) for k in range(len(levels))]
            )
        else:
            choices.append([(setting, False)])
    return tuple(
        World(
            name=", ".join(setting_text(scm, s) for s, _ in combination),
            settings=tuple(s for s, _ in combination),
            not_own={s.target: s.value for s, flip in combination if flip and isinstance(s, Fixed)},
        )
        for combination in product(*choices)
    )


def setting_text(scm: Scm, setting: Fixed | Computed | Policy) -> str:
    """Return a world's name for one setting: ``S=Black``, ``age=age + 1``, ``t~Uniform(0, 1)``."""
    match setting:
        case Fixed(target=target, value=value):
            domain = scm.variables[target].domain
            if isinstance(domain, Categorical | Ordered):
                return f"{target}={domain.levels[int(value)]}"
            return f"{target}={value:g}"
        case Computed(target=target, expression=expression):
            return f"{target}={text_of(expression)}"
        case Policy(target=target, call=call):
            return f"{target}~{text_of(call)}"


def nested_targets(settings: Sequence[Setting]) -> set[str]:
    """Return the variables set in worlds that the settings nest."""
    inner: set[str] = set()
    for setting in settings:
        if isinstance(setting, Computed):
            inner |= _nested_in(setting.expression)
    return inner


def act(
    problem: Problem, abducted: Abduction, world: World, generator: torch.Generator
) -> dict[str, Tensor]:
    """Return what stands in place of the intervened mechanisms: values ``(1 or S, N, *event)``.

    Raises
    ------
    CounterfactualError
        CD718, CD724 with the rows where a computed value is not finite or outside the domain.
    """
    replaced: dict[str, Tensor] = {}
    for setting in world.settings:
        match setting:
            case Fixed(value=value):
                made = torch.full((1, problem.n_rows), value, dtype=torch.float64)
            case Computed(expression=expression):
                made = _computed(problem, abducted, setting.target, expression, generator)
            case Policy(call=call):
                made = _drawn(problem, abducted, setting.target, call, generator)
        full = (1, problem.n_rows, *problem.event(setting.target))
        made = made.expand(joint_shape(tuple(made.shape), full))
        if not isinstance(setting, Fixed):
            check_values(problem, setting.target, made)
        replaced[setting.target] = encoded(problem.compiled, setting.target, made)
    return replaced


def _computed(
    problem: Problem,
    abducted: Abduction,
    target: str,
    expression: nodes.Expression,
    generator: torch.Generator,
) -> Tensor:
    """Return an expression's value, its variables read in the factual world unless it says else."""
    scm = problem.compiled.scm
    if isinstance(expression, nodes.Name) and _is_alike(expression, scm.variables[target], scm):
        return abducted.values[expression.name].double()  # a level or an array too

    def in_world(node: nodes.Expression) -> Tensor | None:
        if not isinstance(node, nodes.World):
            return None
        base = node.base.base if isinstance(node.base, nodes.Index) else node.base
        if not isinstance(base, nodes.Name) or base.name not in scm.variables:
            raise CounterfactualError(
                [findings.cannot_compute(text_of(node), "only a variable has worlds", node.span)]
            )
        is_handed_on = node is expression and _is_alike(node, scm.variables[target], scm)
        levels = isinstance(scm.variables[base.name].domain, Categorical | Ordered)
        if levels and not is_handed_on:
            reason = f"it is a level, and no number or level of `{target}`"
            raise CounterfactualError([findings.cannot_compute(text_of(node), reason, node.span)])
        inner = World(
            name=text_of(node),
            settings=tuple(_no_flip(s, node) for s in intervene(scm, node.assignments).settings),
        )
        values = propagate(
            problem.compiled,
            problem.params,
            abducted.noise,
            act(problem, abducted, inner, generator),
            factual=abducted.values,
        )
        if is_handed_on:
            return values[base.name].double()
        return evaluate(node.base, scm, problem.params, values)

    return evaluate(expression, scm, problem.params, abducted.values, special=in_world)


def _is_alike(node: nodes.Expression, target: Variable, scm: Scm) -> bool:
    """Whether an expression is a variable, perhaps in another world, of the target's very kind."""
    base = node.base if isinstance(node, nodes.World) else node
    if not isinstance(base, nodes.Name) or base.name not in scm.variables:
        return False
    other = scm.variables[base.name]
    return (other.domain, other.size) == (target.domain, target.size)


def _no_flip(setting: Setting, node: nodes.World) -> Fixed | Computed | Policy:
    if isinstance(setting, Flip):
        raise CounterfactualError(
            [findings.cannot_compute(text_of(node), "a nested world needs one value", node.span)]
        )
    return setting


def _drawn(
    problem: Problem,
    abducted: Abduction,
    target: str,
    call: nodes.Call,
    generator: torch.Generator,
) -> Tensor:
    scm = problem.compiled.scm
    names = [p.name for p in FAMILIES[call.name].parameters]
    defaults = [p.default for p in FAMILIES[call.name].parameters]
    given = [evaluate(i, scm, problem.params, abducted.values) for i in call.inputs]
    rest = [torch.tensor(d, dtype=torch.float64) for d in defaults[len(given) :] if d is not None]
    check_parameters(target, call, [*given, *rest])
    law = build_family(call.name, dict(zip(names, [*given, *rest], strict=True)))
    shape = (abducted.draws, problem.n_rows)
    return apply_noise(law, draw_noise(law, shape, generator)).double()


# --- reading what was written ----------------------------------------------------------------

_Pair = tuple[str, "nodes.Expression | nodes.Call | str | float", str, "Span | None"]


def _from_mapping(values: Mapping[str, str | float]) -> list[_Pair]:
    return [(name, value, f"{name}={value}", None) for name, value in values.items()]


def _from_nodes(assignments: Sequence[nodes.Assignment]) -> list[_Pair]:
    pairs: list[_Pair] = []
    for assignment in assignments:
        name, span = assignment.target.name, assignment.target.span
        if assignment.along:
            raise CounterfactualError([findings.path_target(name, span)])
        if assignment.kind == "draw" and not isinstance(assignment.value, nodes.Call):
            text = text_of(assignment.value)
            raise CounterfactualError(
                [findings.wrong_policy(name, text, "it is no family", assignment.value.span)]
            )
        pairs.append((name, assignment.value, text_of(assignment), span))
    return pairs


def _setting(
    scm: Scm, name: str, what: nodes.Expression | str | float, span: Span | None
) -> Setting:
    """Return the setting that a value of one variable means."""
    if name not in scm.variables:
        raise CounterfactualError(
            [findings.unknown_variable(name, scm.variables, "intervention", span)]
        )
    variable = scm.variables[name]
    if variable.size is not None or isinstance(variable.domain, Image):
        return _handed_on(variable, what, span, scm)
    match what:
        case nodes.Call(name=family) if family in FAMILIES:
            return _policy(variable, what)
        case str() | nodes.Text(value=_):
            return _level(variable, what if isinstance(what, str) else what.value, span, scm)
        case nodes.Name(name=word):
            return _word(variable, word, what, scm)
        case nodes.Number(value=number):
            return _number(variable, number, what.span)
        case nodes.Unary(operand=nodes.Number(value=number)):
            return _number(variable, -number, what.span)
        case int() | float():
            return _number(variable, float(what), span)
        case _:
            return Computed(target=name, expression=what)


def _handed_on(
    variable: Variable, what: nodes.Expression | str | float, span: Span | None, scm: Scm
) -> Computed:
    """Return the setting of an array or image: its own kind, from a world or another variable."""
    if isinstance(what, nodes.Name | nodes.World) and _is_alike(what, variable, scm):
        return Computed(target=variable.name, expression=what)
    if variable.size is None:
        raise CounterfactualError([findings.image_target(variable.name, span)])
    raise CounterfactualError([findings.array_target(variable.name, variable.size, span)])


def _is_flip(variable: Variable, word: str, scm: Scm) -> bool:
    names = (f"{variable.name}'", f"{variable.name[0].lower()}{variable.name[1:]}'")
    return word in (*names, f"{variable.name.lower()}'") and word not in scm.variables


def _word(variable: Variable, word: str, node: nodes.Name, scm: Scm) -> Setting:
    """Return what a bare word means: a level first, then the flip, then anything with a value."""
    levels = levels_of(variable.domain) or ()
    if word in levels:
        return Fixed(target=variable.name, value=float(levels.index(word)))
    if _is_flip(variable, word, scm):
        return _flip(variable, node.span)
    if word in scm.variables or word in scm.hyper or word in scm.parameters:
        return Computed(target=variable.name, expression=node)
    if not levels:
        raise CounterfactualError(
            [findings.unknown_variable(word, scm.variables, "intervention", node.span)]
        )
    return _level(variable, word, node.span, scm)


def _flip(variable: Variable, span: Span | None) -> Flip:
    if levels_of(variable.domain) is None:
        raise CounterfactualError(
            [findings.flip_without_levels(variable.name, str(variable.domain), span)]
        )
    return Flip(target=variable.name)


def _level(variable: Variable, word: str, span: Span | None, scm: Scm) -> Setting:
    levels = levels_of(variable.domain)
    if levels is not None and word in levels:
        return Fixed(target=variable.name, value=float(levels.index(word)))
    if _is_flip(variable, word, scm):
        return _flip(variable, span)
    if levels is None:
        raise CounterfactualError(
            [findings.outside_domain(variable.name, str(variable.domain), span=span)]
        )
    raise CounterfactualError([findings.unknown_level(word, variable.name, levels, span)])


def _number(variable: Variable, number: float, span: Span | None) -> Fixed:
    if not isfinite(number):
        raise CounterfactualError([findings.not_finite(variable.name, span=span)])
    levels = levels_of(variable.domain)
    if isinstance(variable.domain, Categorical | Ordered) and levels is not None:
        text = f"{number:g}"
        if text not in levels:
            raise CounterfactualError([findings.unknown_level(text, variable.name, levels, span)])
        return Fixed(target=variable.name, value=float(levels.index(text)))
    if not bool(is_inside(variable.domain, torch.tensor(number, dtype=torch.float64))):
        raise CounterfactualError(
            [findings.outside_domain(variable.name, str(variable.domain), span=span)]
        )
    return Fixed(target=variable.name, value=number)


def _policy(variable: Variable, call: nodes.Call) -> Policy:
    """Return a policy whose family draws values of the variable."""
    family = FAMILIES[call.name]
    draws_numbers = not family.discrete and isinstance(variable.domain, Positive | UnitInterval)
    if not fits(family, variable.domain) and not draws_numbers:  # those are checked row by row
        reason = f"`{variable.name}` is {variable.domain}"
        raise CounterfactualError(
            [findings.wrong_policy(variable.name, call.name, reason, call.span)]
        )
    most, given = len(family.parameters), len(call.inputs)
    least = sum(p.default is None for p in family.parameters)
    if not least <= given <= most or call.settings:
        reason = f"it takes {least if least == most else f'{least} to {most}'} inputs"
        raise CounterfactualError(
            [findings.wrong_policy(variable.name, call.name, reason, call.span)]
        )
    if family.name in ("Categorical", "OrderedLogit", "Dirichlet"):
        reason = "a policy over levels is not computed yet"
        raise CounterfactualError(
            [findings.wrong_policy(variable.name, call.name, reason, call.span)]
        )
    return Policy(target=variable.name, call=call)


def _nested_in(node: object) -> set[str]:
    """Return the targets of worlds anywhere inside an expression."""
    if isinstance(node, tuple):
        return set().union(*(_nested_in(item) for item in node))
    if not isinstance(node, nodes.Node):
        return set()
    own = {a.target.name for a in node.assignments} if isinstance(node, nodes.World) else set()
    inside = (getattr(node, f) for f in node.__dataclass_fields__ if f != "span")
    return own.union(*(_nested_in(value) for value in inside))
