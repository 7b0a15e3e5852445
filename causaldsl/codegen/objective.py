"""Writes the loss terms and the weighted objective."""

from __future__ import annotations

from causaldsl.codegen import samples
from causaldsl.codegen.expressions import Writer, number
from causaldsl.codegen.layout import WIDTH, collection, fit, indent
from causaldsl.codegen.names import quoted
from causaldsl.ir import nodes as ir
from causaldsl.vocabulary.domains import is_discrete


def write_objective(objective: ir.Objective, program: ir.Program, w: Writer) -> str:
    """Return `loss_terms` and `objective`."""
    for m in program.mechanisms:
        w.values[m.target], w.means[m.target] = _in_batch(m, program)
    return "\n\n".join((_loss_terms(objective, program, w), _total(objective, w)))


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
    entries = [f"{quoted(v)}: {_factor(f, w)}" for v, f in elbo.weights.items()]
    table = collection("    weights = ", entries, "{}").replace("\n", "\n    ")
    lines = [table]
    if kl_is_one:
        share = "weights.get(name, 1.0) * part for name, part in parts.items()"
        return [*lines, f'    terms = {{"elbo": sum({share})}}']
    kl = _factor(elbo.kl, w)
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


def _loss_terms(objective: ir.Objective, program: ir.Program, w: Writer) -> str:
    special = [x for x in objective.losses if samples.reads_samples(x.term)]
    second = any(samples.needs_second(x.term) for x in special)
    reads_weights = w.hoists and w.guide_has_networks
    hoisted = (", p=p" if w.hoists else "") + (", q=q" if reads_weights else "")
    arguments = "data, n_rows=None" + (", second=None" if second else "")
    lines = [
        f"def loss_terms({arguments}):",
        '    """Return every term of the objective per row, and the parts of the ELBO."""',
        *(["    p = parameters()"] if w.hoists else []),
        *(["    q = guide_weights()"] if reads_weights else []),
        f"    drawn, made = traces(data, n_rows{hoisted})",
        "    parts = parts_of(drawn, made, n_rows or rows_in(data))",
        *_elbo(objective.elbo, w),
        *_scheduled_kl(objective.elbo, w),
        *_auxiliary(w),
    ]
    if not w.hoists and any(samples.needs_parameters(x.term, program) for x in special):
        lines.append("    p = parameters()")
    if second:
        lines += [
            "    # a second batch, or this one again where none is given",
            "    second = data if second is None else second",
            *_second_draws(special, program, w),
        ]
    here = samples.Here(w)
    terms = [line for x in objective.losses for line in _term_lines(x, program, w, here)]
    lines += [*here.lines(), *terms]
    return "\n".join([*lines, "    return terms, parts"]) + "\n"


def _second_draws(special: list[ir.LossIR], program: ir.Program, w: Writer) -> list[str]:
    """Write the draws of the second batch, through which nothing learns.

    The guide's are enough, but where a term reads what the model alone draws or computes.
    """
    read = {n for x in special for n in samples.permuted_in(x.term)}
    seen = {m.target for m in program.mechanisms if m.observed}
    values = '{n: s["value"] for n, s in sites if s["type"] == "sample"}'
    if read <= seen | w.guide_draws:
        lines = _guide_draws(w)
    else:
        given = (", p=p" if w.hoists else "") + (
            ", q=q" if w.hoists and w.guide_has_networks else ""
        )
        lines = [
            "    with torch.no_grad():",
            f"        sites = traces(second, n_rows{given})[1].nodes.items()",
        ]
    lines.append(f"    apart = {{**second, **{values}}}")
    for m in program.mechanisms:
        if m.missing_latent and m.target in read and not is_discrete(m.domain):
            lines.append(_seen_or_drawn(m.target))
    return lines


def _seen_or_drawn(name: str) -> str:
    key, seen, unseen = quoted(name), quoted(f"{name}__seen"), quoted(f"{name}__missing")
    text = f"torch.where(second[{seen}], second[{key}], apart[{unseen}])"
    return fit(f"apart[{key}] = ", text)


def _guide_draws(w: Writer) -> list[str]:
    if not w.hoists:
        return [
            "    with torch.no_grad():",
            "        sites = poutine.trace(guide).get_trace(second, n_rows).nodes.items()",
        ]
    return [
        "    others = Record(rows_in(second))",
        "    with torch.no_grad():",
        f"        guide(second, n_rows, {'q' if w.guide_has_networks else 'None'}, others.sample)",
        "    sites = others.nodes.items()",
    ]


def _auxiliary(w: Writer) -> list[str]:
    """Write the likelihood of the predictors of observed variables, which are trained beside."""
    if not w.has_auxiliaries:
        return []
    return [
        '    terms["auxiliary"] = sum(',
        '        site["fn"].log_factor.mean()',
        "        for name, site in drawn.nodes.items()",
        '        if site["type"] == "sample" and site["infer"].get("is_auxiliary")',
        "    )",
    ]


def _term_lines(loss: ir.LossIR, program: ir.Program, w: Writer, here: samples.Here) -> list[str]:
    """Return the lines that compute one term."""
    key = quoted(loss.name)
    writer = samples.Terms(program, w, here)
    whole = writer.value(loss.term, loss.name, loss.player)
    if whole is not None and loss.player is not None:
        both = f"terms[{key}], terms[{quoted(player_key(loss.name))}] = "
        return [*writer.lines, fit(both, whole)]
    if whole is not None:
        return [*writer.lines, fit(f"terms[{key}] = ", whole)]
    text = _value(loss.term, w, writer)
    levels = writer.flips(loss.term)
    if levels == 2:
        return [*writer.lines, fit(f"terms[{key}] = ", text)]
    # every other level in turn, with equal weights
    body = [indent(line.removeprefix("    "), 2) for line in writer.lines]
    return [
        "    def in_world(k):",
        *body,
        fit("return ", text, 2),
        fit(
            f"terms[{key}] = ",
            f"sum(in_world(k) for k in range(1, {levels})) / {levels - 1}",
        ),
    ]


def player_key(name: str) -> str:
    """Return the key of a player's own loss among the terms."""
    return f"{name} (network)"


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


def _value(node: ir.LossValue, w: Writer, t: samples.Terms) -> str:
    match node:
        case ir.Distance("mse", left, right):
            return f"(({_row(left, w, t)} - {_row(right, w, t)}) ** 2).mean()"
        case ir.Distance("mae", left, right):
            return f"({_row(left, w, t)} - {_row(right, w, t)}).abs().mean()"
        case ir.RowMean(value):
            return f"({_row(value, w, t)}).mean()"
        case ir.Discrepancy() | ir.Dependence():
            return t.value(node, "", None) or ""
        case ir.LossOp(op, inputs):
            return _operation(op, [_value(i, w, t) for i in inputs])
        case ir.Num(value):
            return number(value)
        case ir.Hyp(name):
            return w.hyper[name]
        case _:
            return f"{_row(node, w, t)}.mean()"


def _row(node: ir.LossValue, w: Writer, t: samples.Terms) -> str:
    match node:
        case ir.Expected():
            return t.expected(node)
        case ir.Draw(name):
            return w.values[name]
        case ir.Mean(name):
            return w.means[name]
        case ir.LossOp(op, inputs):
            return _operation(op, [_row(i, w, t) for i in inputs])
        case ir.Num(value):
            return number(value)
        case ir.Hyp(name):
            return w.hyper[name]
        case _:
            return _value(node, w, t)


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
    if w.has_auxiliaries:
        lines.append('    total = total + terms["auxiliary"]')
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
    if not objective.losses and not objective.elbo.kl_warmups and not w.has_auxiliaries:
        lines = [*lines[:-1], f"    return {elbo}"]
    else:
        lines.append("    return total")
    text = "\n".join(lines) + f"\n\n\nBALANCED = {names}\nIS_PURE_ELBO = {pure}\n"
    return text + _players(objective)


def _players(objective: ir.Objective) -> str:
    """Return the table of the networks that learn against the model, by the name of the term."""
    rows = []
    for loss in objective.losses:
        if loss.player is None:
            continue
        words = [f'"loss": {quoted(player_key(loss.name))}']
        words.append(f'"prefix": {quoted(loss.player.network.name + ".")}')
        words.append(f'"steps": {loss.player.steps}')
        words.append(f'"learning_rate": {loss.player.learning_rate}')
        flat = f"    {quoted(loss.name)}: {{{', '.join(words)}}},"
        inner = "".join(f"        {word},\n" for word in words)
        rows.append(flat if len(flat) <= WIDTH else f"    {quoted(loss.name)}: {{\n{inner}    }},")
    if not rows:
        return ""
    return "\n".join(["PLAYERS = {", *rows, "}"]) + "\n"
