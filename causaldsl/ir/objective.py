"""The file's losses to the compiled objective: weighted terms, balances and schedules."""

from __future__ import annotations

import operator
from collections.abc import Callable

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.ir import nodes as ir
from causaldsl.ir import samples
from causaldsl.ir.refusals import Refused, loss_not_compiled
from causaldsl.semantics.model import Loss, Scm
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import UnitInterval

#: Calls that are loss terms, as against numbers.
_TERMS = (
    "elbo", "mse", "mae", "mean", "balance", "mmd", "hsic", "total_correlation", "adversary",
)  # fmt: skip


#: What a fit itself keeps beside the losses, by these keys.
OWN_TERMS = frozenset({"elbo", "kl", "auxiliary", "objective", "validation", "learning_rate"})


def lower_objective(scm: Scm) -> tuple[ir.Objective | None, tuple[Diagnostic, ...]]:
    """Return what is minimised, or every refusal with its place."""
    elbo: ir.ElboIR | None = None
    losses: list[ir.LossIR] = []
    findings: list[Diagnostic] = []
    for loss in scm.losses:
        try:
            for sign, node in _summands(loss.value):
                lowered = _lower_summand(sign, node, loss, len(losses), scm)
                if isinstance(lowered, ir.ElboIR):
                    elbo = lowered
                else:
                    losses.append(_unique(lowered, losses))
        except Refused as refusal:
            findings.append(refusal.finding)
    if findings:
        return None, tuple(findings)
    return ir.Objective(elbo=elbo or ir.ElboIR(), losses=tuple(losses)), ()


def _unique(loss: ir.LossIR, before: list[ir.LossIR]) -> ir.LossIR:
    from dataclasses import replace

    taken = {b.name for b in before} | OWN_TERMS
    name, k = loss.name, 2
    while name in taken:
        name, k = f"{loss.name}.{k}", k + 1
    if loss.player is not None and name != loss.name:
        network = replace(loss.player.network, name=f"player.{name}")
        return replace(loss, name=name, player=replace(loss.player, network=network))
    return replace(loss, name=name)


def _summands(node: nodes.Expression, sign: float = 1.0) -> list[tuple[float, nodes.Expression]]:
    match node:
        case nodes.Binary(op="+", left=left, right=right):
            return _summands(left, sign) + _summands(right, sign)
        case nodes.Binary(op="-", left=left, right=right):
            return _summands(left, sign) + _summands(right, -sign)
        case nodes.Unary(operand=operand):
            return _summands(operand, -sign)
        case _:
            return [(sign, node)]


def _has_term(node: nodes.Expression) -> bool:
    match node:
        case nodes.Call(name=name):
            return name in _TERMS
        case nodes.Binary(left=left, right=right):
            return _has_term(left) or _has_term(right)
        case nodes.Unary(operand=operand):
            return _has_term(operand)
        case _:
            return False


def _factors(
    node: nodes.Expression, scm: Scm
) -> tuple[list[ir.Ir], list[ir.Warmup], nodes.Expression | None]:
    """Split a product into numbers, schedules and the one loss term."""
    if not _has_term(node):
        if isinstance(node, nodes.Call) and node.name == "warmup":
            return [], [_warmup(node, scm)], None
        if isinstance(node, nodes.Binary) and node.op == "*":
            left = _factors(node.left, scm)
            right = _factors(node.right, scm)
            return left[0] + right[0], left[1] + right[1], None
        return [number(node, scm)], [], None
    if isinstance(node, nodes.Binary) and node.op == "*":
        left = _factors(node.left, scm)
        right = _factors(node.right, scm)
        if left[2] is not None and right[2] is not None:
            raise Refused(loss_not_compiled("a product of two terms", node.span))
        return left[0] + right[0], left[1] + right[1], left[2] or right[2]
    if isinstance(node, nodes.Binary) and node.op == "/" and not _has_term(node.right):
        numbers, warmups, term = _factors(node.left, scm)
        return [*numbers, ir.Op("/", ir.Num(1.0), number(node.right, scm))], warmups, term
    return [], [], node


def number(node: nodes.Expression, scm: Scm) -> ir.Ir:
    """Return a numeric expression of literals and hyper-parameters."""
    match node:
        case nodes.Number(value=value):
            return ir.Num(value)
        case nodes.Name(name=name) if name in scm.hyper:
            return ir.Hyp(name)
        case nodes.Unary(operand=operand):
            return ir.Neg(number(operand, scm))
        case nodes.Binary(op=op, left=left, right=right):
            return ir.Op(op, number(left, scm), number(right, scm))
        case _:
            raise Refused(loss_not_compiled("this weight", node.span))


def constant(node: nodes.Expression, scm: Scm) -> float:
    """Return the value of a numeric expression."""
    return _evaluate(number(node, scm), scm)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else float("nan"),
    "^": operator.pow,
}


def _evaluate(node: ir.Ir, scm: Scm) -> float:
    match node:
        case ir.Num(value):
            return value
        case ir.Hyp(name):
            given = scm.hyper[name].value
            return float(given) if isinstance(given, int | float) else float("nan")
        case ir.Neg(inner):
            return -_evaluate(inner, scm)
        case ir.Op(op, left, right):
            return _ARITHMETIC[op](_evaluate(left, scm), _evaluate(right, scm))
        case _:
            return float("nan")


def _warmup(call: nodes.Call, scm: Scm) -> ir.Warmup:
    epochs = next((s.value for s in call.settings if s.name == "epochs"), None)
    if epochs is None or len(call.inputs) != 2:
        raise Refused(loss_not_compiled("a `warmup` without two ends and `epochs`", call.span))
    return ir.Warmup(
        start=constant(call.inputs[0], scm),
        end=constant(call.inputs[1], scm),
        epochs=int(constant(epochs, scm)),
    )


def _lower_summand(
    sign: float, node: nodes.Expression, loss: Loss, index: int, scm: Scm
) -> ir.LossIR | ir.ElboIR:
    numbers, warmups, term = _factors(node, scm)
    if sign < 0:
        numbers = [ir.Num(-1.0), *numbers]
    if term is None:
        raise Refused(loss_not_compiled("a number alone", node.span))
    if isinstance(term, nodes.Call) and term.name == "elbo":
        return _lower_elbo(term, tuple(numbers), tuple(warmups), scm)
    balance: object = "none"
    if isinstance(term, nodes.Call) and term.name == "balance":
        settings = {s.name: s.value for s in term.settings}
        each = settings.get("each_step")
        if "R" in settings:
            balance = constant(settings["R"], scm)
        elif isinstance(each, nodes.Name) and each.name == "true":
            balance = "each_step"
        else:
            balance = "first"
        term = term.inputs[0]
    name = loss.name or f"loss{index + 1}"
    player: ir.Player | None = None
    if isinstance(term, nodes.Call) and term.name in ("total_correlation", "adversary"):
        value, player = samples.game(term, name, constant, scm)
    else:
        value = loss_value(term, scm)
    return ir.LossIR(
        name=name,
        factors=tuple(numbers),
        warmups=tuple(warmups),
        term=value,
        player=player,
        balance=balance,  # type: ignore[arg-type]  # one of the literals or a number
        origin=loss.span,
    )


def _lower_elbo(
    call: nodes.Call, factors: tuple[ir.Ir, ...], warmups: tuple[ir.Warmup, ...], scm: Scm
) -> ir.ElboIR:
    settings = {s.name: s.value for s in call.settings}
    kl, kl_warmups = _kl_weight(settings.get("kl"), scm)
    weights: dict[str, ir.Ir] = {}
    table = settings.get("weights")
    if isinstance(table, nodes.Table):
        for entry in table.entries:
            for member in scm.groups.get(entry.key, (entry.key,)):
                weights[member] = number(entry.value, scm)
    estimator = settings.get("estimator")
    pure = not (factors or warmups or weights or kl_warmups) and kl == ir.Num(1.0)
    return ir.ElboIR(
        factors=factors,
        warmups=warmups,
        kl=kl,
        kl_warmups=kl_warmups,
        weights=weights,
        is_pure=pure,
        from_draws=isinstance(estimator, nodes.Name) and estimator.name == "draws",
    )


def _kl_weight(node: nodes.Expression | None, scm: Scm) -> tuple[ir.Ir, tuple[ir.Warmup, ...]]:
    """Return the weight of the KL as one number and its schedules."""
    if node is None:
        return ir.Num(1.0), ()
    numbers, warmups, _ = _factors(node, scm)
    weight = numbers[0] if numbers else ir.Num(1.0)
    for factor in numbers[1:]:
        weight = ir.Op("*", weight, factor)
    return weight, tuple(warmups)


_FUNCTIONS = ("abs", "exp", "log", "sqrt", "min", "max", "clip", "step", "sigmoid")


def loss_value(node: nodes.Expression, scm: Scm) -> ir.LossValue:
    """Return the value of a loss term in IR."""
    match node:
        case nodes.Number(value=value):
            return ir.Num(value)
        case nodes.Name(name=name) if name in scm.variables:
            return ir.Draw(name)
        case nodes.Name(name=name) if name in scm.hyper:
            return ir.Hyp(name)
        case nodes.Call(name="mse" | "mae" as kind, inputs=(left, right)):
            return ir.Distance(kind, loss_value(left, scm), loss_value(right, scm))
        case nodes.Call(name="mean", inputs=(nodes.Name(name=name),)) if name in scm.variables:
            variable = scm.variables[name]
            if isinstance(variable.domain, UnitInterval) and not variable.is_observed:
                raise Refused(loss_not_compiled("mean of a `unit` latent", node.span))
            return ir.Mean(name)
        case nodes.Call(name="mean", inputs=(inner,)):
            return ir.RowMean(loss_value(inner, scm))
        case nodes.Call(name=name, inputs=inputs) if name in _FUNCTIONS:
            return ir.LossOp(name, tuple(loss_value(i, scm) for i in inputs))
        case nodes.Call(name="mmd"):
            return samples.discrepancy(node, constant, scm)
        case nodes.Call(name="hsic"):
            return samples.dependence(node, constant, scm)
        case nodes.Call(name=name, name_span=span):
            raise Refused(loss_not_compiled(name, span))
        case nodes.Unary(operand=operand):
            return ir.LossOp("neg", (loss_value(operand, scm),))
        case nodes.Binary(op=op, left=left, right=right):
            return ir.LossOp(op, (loss_value(left, scm), loss_value(right, scm)))
        case nodes.World():
            raise Refused(loss_not_compiled("a counterfactual value", node.span))
        case nodes.Expectation():
            return samples.expected(node, constant, scm)
        case _:
            raise Refused(loss_not_compiled("this expression", node.span))
