"""Prints the IR: what ``compile --emit ir`` and ``--emit guide`` show, and golden tests read."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.ir import nodes as ir
from causaldsl.ir.networks import table_of
from causaldsl.ir.passes.walk import networks_of


def print_program(program: ir.Program, objective: ir.Objective | None = None) -> str:
    """Return the program as text, one line a parameter and a mechanism."""
    lines = [f"program {program.name}"]
    lines += [f"  hyper {name} = {value:g}" for name, value in program.hyper.items()]
    lines += [f"  {_param(p)}" for p in program.params]
    lines += [f"  {network(n)}" for n in program.networks]
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
        nets = table_of(
            n for s in guide.sites for a in s.arguments.values() for n in networks_of(a)
        )
        lines += [f"  {network(n)}" for n in nets.values()]
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
        case "expressions" | "auxiliary":
            arguments = ", ".join(f"{k}={expression(v)}" for k, v in s.arguments.items())
            how = "predicts what is observed" if s.form == "auxiliary" else kl
            borrowed = ", networks of the guide for all evidence" if s.borrows else ""
            return f"{s.target} ~ {s.family or ''}({arguments}) ({how}{borrowed})"
        case _:
            return f"{s.target} {s.form}{_shape(s.shape)} ({kl})"


def _objective(objective: ir.Objective) -> list[str]:
    elbo = objective.elbo
    weights = "".join(f" weight {k}={expression(v)}" for k, v in elbo.weights.items())
    lines = [f"  minimise elbo kl={expression(elbo.kl)}{weights}"]
    for loss in objective.losses:
        factors = " * ".join(expression(f) for f in loss.factors) or "1"
        warm = "".join(f" warmup({x.start:g}, {x.end:g}; {x.epochs})" for x in loss.warmups)
        term = loss_value(loss.term)
        lines.append(f"  plus {loss.name} = {factors}{warm} * {term} balance {loss.balance}")
        if loss.player is not None:
            rate = loss.player.learning_rate
            own = "the model's rate" if rate is None else f"rate {rate:g}"
            lines.append(f"    against {network(loss.player.network)}")
            lines.append(f"    {loss.player.steps} of its own steps for one, at {own}")
    return lines


def loss_value(node: ir.LossValue) -> str:
    """Return a loss term as text."""
    match node:
        case ir.Draw(name):
            return name
        case ir.Mean(name):
            return f"mean({name})"
        case ir.Num(value):
            return f"{value:g}"
        case ir.Hyp(name):
            return name
        case ir.Distance(kind, left, right):
            return f"{kind}({loss_value(left)}, {loss_value(right)})"
        case ir.RowMean(value):
            return f"mean({loss_value(value)})"
        case ir.LossOp(op, inputs):
            return f"{op}({', '.join(map(loss_value, inputs))})"
        case ir.Expected(name, world, moved):
            to = ", ".join(f"{v} <- {'other' if k is None else f'{k:g}'}" for v, k in world)
            through = f" through {', '.join(moved)}" if moved else ""
            return f"E[{name}{f'[{to}]' if to else ''}]{through}"
        case ir.Discrepancy():
            by = f" by {node.by}" if node.by else ""
            other = node.reference
            to = "" if other is None else ", "
            if isinstance(other, ir.Reference):
                to += f"{other.family}({', '.join(map(expression, other.arguments.values()))})"
            elif other is not None:
                to += _sample(other)
            width = "median" if node.width is None else f"{node.width:g}"
            counts = " weighed by rows" if node.counts else ""
            return f"mmd({_sample(node.sample)}{by}{to}; {node.kernel}({width})){counts}"
        case ir.Dependence(left=left, right=right):
            return f"hsic({_sample(left)}, {_sample(right)}; {node.kernel})"
        case ir.Ratio(blocks=blocks):
            return f"total_correlation({', '.join(map(_sample, blocks))})"
        case ir.Guess(target=target, source=source):
            return f"adversary({target} from {_sample(source)})"
        case ir.Apart(first=first, second=second):
            return f"adversary({_sample(first)}, {_sample(second)})"


def _sample(sample: ir.Sample) -> str:
    names = ", ".join(sample.names)
    if not isinstance(sample, ir.Fresh):
        return f"({names})"
    drawn = f"sampled({names})"
    return f"({', '.join([*sample.beside, drawn])})" if sample.beside else drawn


def network(net: ir.Net) -> str:
    """Return a network as text: what it reads, its widths, what it ends in."""
    reads = [i.value.name if isinstance(i.value, ir.Net) else _read(i) for i in net.inputs]
    sizes = [sum(i.width for i in net.inputs), *net.hidden]
    sizes += [] if net.outputs is None else [net.outputs]
    words = [net.activation if net.slope is None else f"{net.activation}({net.slope:g})"]
    words += [f"channels {list(net.channels)}"] if net.channels else []
    words += [f"{net.norm} norm"] if net.norm != "none" else []
    words += [f"dropout {net.dropout:g}"] if net.dropout else []
    words += [f"out {net.out}"] if net.out != "identity" else []
    words += [f"by {'sampled ' if net.by_drawn else ''}{net.by}"] if net.by else []
    arrow = " -> ".join(map(str, sizes))
    return f"{net.kind} {net.name} reads {', '.join(reads)}: {arrow} {', '.join(words)}"


def _read(given: ir.NetInput) -> str:
    assert not isinstance(given.value, ir.Net)
    text = expression(given.value)
    return f"sampled({text})" if given.drawn else text


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
        case ir.Head(net, start, size):
            if start is None:
                return net.name
            return f"{net.name}[{start}{'' if size is None else f':{start + size}'}]"
        case ir.Spread(kind, value):
            return f"{kind}({expression(value)})"
        case ir.StartOf(rule, column):
            return f"{rule}[{column}]"
        case ir.Cells(value, size):
            return f"cells<{size}>({expression(value)})"
        case ir.Rescale(column, value, shift):
            return f"{'unscaled' if shift else 'spread'}[{column}]({expression(value)})"


def _term(t: ir.Term) -> str:
    value = expression(t.value)
    if t.levels is not None:
        return f"{t.weight}[{value}{' from the second level' if t.reference else ''}]"
    if t.scale and not t.centred:
        return f"{t.weight} * {value} / spread[{t.scale}]"
    return f"{t.weight} * {f'scaled({value})' if t.scale else value}"
