"""Prints the IR: what ``compile --emit ir`` and ``--emit guide`` show, and golden tests read."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.ir import nodes as ir


def print_program(program: ir.Program, objective: ir.Objective | None = None) -> str:
    """Return the program as text, one line a parameter and a mechanism."""
    lines = [f"program {program.name}"]
    lines += [f"  hyper {name} = {value:g}" for name, value in program.hyper.items()]
    lines += [f"  {_param(p)}" for p in program.params]
    lines += [f"  {_mechanism(m)}" for m in program.mechanisms]
    if objective is not None:
        lines += _objective(objective)
    return "\n".join(lines) + "\n"


def print_guides(guides: Sequence[ir.GuideProgram]) -> str:
    """Return the guides as text."""
    lines: list[str] = []
    for guide in guides:
        lines.append(f"guide {guide.name} given {', '.join(guide.evidence) or 'nothing'}")
        if guide.refused is not None:
            lines.append(f"  refused: {guide.refused}")
        lines += [f"  {_site(s)}" for s in guide.sites]
    return "\n".join(lines) + "\n"


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]" if shape else ""


def _param(p: ir.ParamIR) -> str:
    if p.family is not None:
        arguments = ", ".join(expression(a) for a in p.arguments.values())
        return f"prior {p.name}{_shape(p.shape)} ~ {p.family}({arguments})"
    start = p.start.rule if p.start.column else ", ".join(f"{v:g}" for v in p.start.values)
    floor = f" floor {p.floor:g}" if p.floor is not None else ""
    of = f"({p.start.column})" if p.start.column else ""
    return f"learn {p.name}{_shape(p.shape)} : {p.constraint} = {start}{of}{floor}"


def _mechanism(m: ir.MechanismIR) -> str:
    kind = "observed" if m.observed else "latent"
    how = f"[{m.abduction.value}]"
    if m.structural is not None:
        back = f"; {m.inverse.latent} = {expression(m.inverse.expression)}" if m.inverse else ""
        return f"{kind} {m.target} := {expression(m.structural)}{back} {how}"
    arguments = ", ".join(f"{k}={expression(v)}" for k, v in m.arguments.items())
    missing = " missing latent" if m.missing_latent else ""
    return f"{kind} {m.target} ~ {m.family}({arguments}){missing} {how}"


def _site(s: ir.GuideSite) -> str:
    kl = "closed KL" if s.closed_kl else "sampled KL"
    match s.form:
        case "network" if s.network is not None:
            net = s.network
            hidden = f" hidden {list(net.hidden)} {net.activation}" if net.hidden else ""
            skip = " + linear" if net.skip and net.hidden else ""
            return f"{s.target} reads {', '.join(net.inputs) or 'nothing'}{hidden}{skip} ({kl})"
        case "expressions":
            arguments = ", ".join(f"{k}={expression(v)}" for k, v in s.arguments.items())
            return f"{s.target} ~ ({arguments}) ({kl})"
        case _:
            return f"{s.target} {s.form}{_shape(s.shape)} ({kl})"


def _objective(objective: ir.Objective) -> list[str]:
    elbo = objective.elbo
    weights = "".join(f" weight {k}={expression(v)}" for k, v in elbo.weights.items())
    lines = [f"  minimise elbo kl={expression(elbo.kl)}{weights}"]
    for loss in objective.losses:
        factors = " * ".join(expression(f) for f in loss.factors) or "1"
        warm = "".join(f" warmup({x.start:g}, {x.end:g}; {x.epochs})" for x in loss.warmups)
        lines.append(f"  plus {loss.name} = {factors}{warm} * {loss.term} balance {loss.balance}")
    return lines


def expression(node: ir.Ir) -> str:
    """Return an IR expression as text, fully parenthesised."""
    match node:
        case ir.Num(value):
            return f"{value:g}"
        case ir.Var(name) | ir.Par(name) | ir.Hyp(name):
            return name
        case ir.Code(name):
            return f"code({name})"
        case ir.Constants(values, name):
            return name or "[" + ", ".join(f"{v:g}" for v in values) + "]"
        case ir.At(table, by):
            return f"{expression(table)}[{', '.join(map(str, by))}]"
        case ir.Pick(table, position):
            return f"{expression(table)}[{position}]"
        case ir.Op(op, left, right):
            return f"({expression(left)} {op} {expression(right)})"
        case ir.Neg(value):
            return f"(-{expression(value)})"
        case ir.Fn(name, inputs):
            return f"{name}({', '.join(expression(i) for i in inputs)})"
        case ir.Vector(items):
            return "[" + ", ".join(expression(i) for i in items) + "]"
        case ir.Linear(terms, intercept, outputs):
            pieces = [] if intercept is None else [intercept]
            pieces += [_term(t) for t in terms]
            return f"linear{'' if outputs is None else f'<{outputs}>'}({' + '.join(pieces) or '0'})"
        case ir.Rescale(column, value, shift):
            return f"{'unscaled' if shift else 'spread'}[{column}]({expression(value)})"


def _term(t: ir.Term) -> str:
    value = expression(t.value)
    if t.levels is not None:
        return f"{t.weight}[{value}{' from the second level' if t.reference else ''}]"
    if t.scale and not t.centred:
        return f"{t.weight} * {value} / spread[{t.scale}]"
    return f"{t.weight} * {f'scaled({value})' if t.scale else value}"
