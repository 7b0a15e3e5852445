"""Writes the loss terms and the weighted objective."""

from __future__ import annotations

from causaldsl.codegen.expressions import Writer, number
from causaldsl.codegen.layout import fit
from causaldsl.codegen.names import quoted
from causaldsl.ir import nodes as ir
from causaldsl.vocabulary.domains import is_discrete


def write_objective(objective: ir.Objective, program: ir.Program, w: Writer) -> str:
    """Return `loss_terms` and `objective`."""
    for m in program.mechanisms:
        w.values[m.target], w.means[m.target] = _in_batch(m, program)
    return "\n\n".join((_loss_terms(objective, w), _total(objective, w)))


def _factor(node: ir.Ir, w: Writer) -> str:
    match node:
        case ir.Num(value):
            return number(value)
        case ir.Hyp(name):
            return w.hyper[name]
        case ir.Op("/", ir.Num(1.0), right):
            return f"1.0 / {_factor(right, w)}"
        case _:
            from causaldsl.codegen.expressions import write

            return f"({write(node, w)})"


def _elbo(elbo: ir.ElboIR, w: Writer) -> list[str]:
    kl_is_one = elbo.kl == ir.Num(1.0)
    if not elbo.weights and kl_is_one:
        return ['    terms = {"elbo": sum(parts.values())}']
    entries = ", ".join(f"{quoted(v)}: {_factor(f, w)}" for v, f in elbo.weights.items())
    lines = [fit("weights = ", f"{{{entries}}}")]
    kl = "1.0" if kl_is_one else _factor(elbo.kl, w)
    lines += [
        "    terms = {",
        '        "elbo": sum(',
        f"            weights.get(name, {kl} if name in drawn.nodes else 1.0) * part",
        "            for name, part in parts.items()",
        "        )",
        "    }",
    ]
    return lines


def _scheduled_kl(elbo: ir.ElboIR, w: Writer) -> list[str]:
    """Keep the KL's share apart where its weight moves with the epoch."""
    if not elbo.kl_warmups:
        return []
    weigh = ""
    if elbo.weights or elbo.kl != ir.Num(1.0):
        kl = "1.0" if elbo.kl == ir.Num(1.0) else _factor(elbo.kl, w)
        weigh = f"weights.get(name, {kl}) * " if elbo.weights else f"{kl} * "
    share = f"sum({weigh}part for name, part in parts.items() if name in drawn.nodes)"
    return [fit('terms["kl"] = ', share)]


def _loss_terms(objective: ir.Objective, w: Writer) -> str:
    lines = [
        "def loss_terms(data, n_rows=None):",
        '    """Return every term of the objective per row, and the parts of the ELBO."""',
        "    drawn, made = traces(data, n_rows)",
        "    parts = parts_of(drawn, made, n_rows or rows_in(data))",
        *_elbo(objective.elbo, w),
        *_scheduled_kl(objective.elbo, w),
    ]
    for loss in objective.losses:
        lines.append(fit(f"terms[{quoted(loss.name)}] = ", _value(loss.term, w)))
    return "\n".join([*lines, "    return terms, parts"]) + "\n"


def _in_batch(m: ir.MechanismIR, program: ir.Program) -> tuple[str, str]:
    """Return a variable's value in the batch, and its posterior mean: for what is seen, the same.

    An observed equation is no site of the model, and its unseen cells are one of their own.
    """
    key, value = quoted(m.target), _site_value(m.target)
    if m.observed and m.structural is not None:
        return f"data[{key}]", f"data[{key}]"
    if m.missing_latent and not is_discrete(m.domain):
        unseen = f"{m.target}__missing"
        where = f"torch.where(data[{quoted(f'{m.target}__seen')}], data[{key}], {{}})"
        return where.format(_site_value(unseen)), where.format(_site_mean(unseen))
    if m.observed or any(o.inverse and o.inverse.latent == m.target for o in program.mechanisms):
        return value, value
    return value, _site_mean(m.target)


def _site_value(name: str) -> str:
    return f'made.nodes[{quoted(name)}]["value"]'


def _site_mean(name: str) -> str:
    key = quoted(name)
    return f'(drawn if {key} in drawn.nodes else made).nodes[{key}]["fn"].mean'


def _value(node: ir.LossValue, w: Writer) -> str:
    match node:
        case ir.Distance("mse", left, right):
            return f"(({_row(left, w)} - {_row(right, w)}) ** 2).mean()"
        case ir.Distance("mae", left, right):
            return f"({_row(left, w)} - {_row(right, w)}).abs().mean()"
        case ir.RowMean(value):
            return f"({_row(value, w)}).mean()"
        case ir.LossOp(op, inputs):
            return _operation(op, [_value(i, w) for i in inputs])
        case ir.Num(value):
            return number(value)
        case ir.Hyp(name):
            return w.hyper[name]
        case _:
            return f"{_row(node, w)}.mean()"


def _row(node: ir.LossValue, w: Writer) -> str:
    match node:
        case ir.Draw(name):
            return w.values[name]
        case ir.Mean(name):
            return w.means[name]
        case ir.LossOp(op, inputs):
            return _operation(op, [_row(i, w) for i in inputs])
        case ir.Num(value):
            return number(value)
        case ir.Hyp(name):
            return w.hyper[name]
        case _:
            return _value(node, w)


def _operation(op: str, texts: list[str]) -> str:
    if op in "+-*/":
        return f"({texts[0]} {op} {texts[1]})"
    if op == "^":
        return f"({texts[0]}) ** ({texts[1]})"
    if op == "neg":
        return f"(-{texts[0]})"
    if op in ("min", "max"):
        return f"torch.{op}imum(torch.as_tensor({texts[0]}), torch.as_tensor({texts[1]}))"
    if op == "clip":
        return _operation("min", [_operation("max", texts[:2]), texts[2]])
    if op == "step":
        return f"(torch.as_tensor({texts[0]}) > 0).double()"
    return f"torch.{op}(torch.as_tensor({texts[0]}))"


def _weight(factors: tuple[ir.Ir, ...], warmups: tuple[ir.Warmup, ...], w: Writer) -> list[str]:
    texts = [_factor(f, w) for f in factors]
    for warm in warmups:
        w.needs.add("warmup")
        texts.append(f"warmup(epoch, {number(warm.start)}, {number(warm.end)}, {warm.epochs})")
    return texts


def _total(objective: ir.Objective, w: Writer) -> str:
    elbo = " * ".join(
        [*_weight(objective.elbo.factors, objective.elbo.warmups, w), 'terms["elbo"]']
    )
    lines = [
        "def objective(terms, epoch, balance):",
        '    """Return the weighted sum that is minimised; `balance` holds each fixed R."""',
        f"    total = {elbo}",
    ]
    if objective.elbo.kl_warmups:
        schedule = " * ".join(_weight((), objective.elbo.kl_warmups, w))
        own = "".join(f"{p} * " for p in _weight(objective.elbo.factors, objective.elbo.warmups, w))
        lines.append(fit("total = ", f'total + {own}({schedule} - 1.0) * terms["kl"]'))
    for loss in objective.losses:
        key = quoted(loss.name)
        pieces = _weight(loss.factors, loss.warmups, w)
        if loss.balance == "first":
            pieces.append(f"balance[{key}]")
        elif loss.balance == "each_step":
            pieces.append(f'(terms["elbo"] / terms[{key}]).detach()')
        elif isinstance(loss.balance, float):
            pieces.append(number(loss.balance))
        from causaldsl.codegen.pyro_module import line_comment

        if comment := line_comment(loss.origin):
            lines.append(f"    # {comment}")
        lines.append(fit("total = ", "total + " + " * ".join([*pieces, f"terms[{key}]"])))
    balanced = [quoted(x.name) for x in objective.losses if x.balance == "first"]
    names = f"({', '.join(balanced)}{',' if len(balanced) == 1 else ''})"
    pure = str(objective.elbo.is_pure and not objective.losses)
    if not objective.losses and not objective.elbo.kl_warmups:
        lines = [*lines[:-1], f"    return {elbo}"]
    else:
        lines.append("    return total")
    return "\n".join(lines) + f"\n\n\nBALANCED = {names}\nIS_PURE_ELBO = {pure}\n"
