"""Writes the guides: one function for each set of evidence."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.codegen import networks
from causaldsl.codegen.expressions import FAMILY_TEXT, Writer, write
from causaldsl.codegen.layout import collection, fit, indent, with_comment
from causaldsl.codegen.names import printable, quoted
from causaldsl.ir import nodes as ir
from causaldsl.ir.passes.walk import networks_of, params_of, variables_of
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Domain,
    Image,
    Ordered,
    Positive,
    UnitInterval,
    levels_of,
)


def python_name(guide: str) -> str:
    """Return the function name of a guide."""
    return "guide" if guide == "all" else f"guide_{guide}"


def write_guides(
    program: ir.Program, guides: Sequence[ir.GuideProgram], w: Writer, *, from_draws: bool
) -> str:
    """Return every guide, the tables that name them, and `fitted_parameters`.

    With `from_draws` no divergence is taken in closed form.
    """
    texts = []
    usable = [g for g in guides if g.refused is None]
    w.guide_has_networks = any(g.name == "all" and bool(_networks(g)) for g in usable)
    w.guide_draws = frozenset(s.target for g in usable if g.name == "all" for s in g.sites)
    if "all" not in [g.name for g in usable]:
        reason = next((g.refused for g in guides if g.name == "all"), None) or "no guide"
        texts.append(
            "def guide(data, n_rows=None):\n"
            '    """Nothing to draw by gradient."""\n'
            f"    raise NotImplementedError({quoted(printable(reason))})\n"
        )
    texts += [_write_guide(program, g, w) for g in usable]
    tables = [
        collection("GUIDES = ", [f"{quoted(g.name)}: {python_name(g.name)}" for g in usable], "{}"),
        collection(
            "GUIDE_EVIDENCE = ",
            [f"{quoted(g.name)}: {_names(g.evidence)}" for g in usable],
            "{}",
        ),
        collection(
            "CLOSED_KL = ",
            [] if from_draws else [quoted(v) for v in _closed_everywhere(usable)],
        ),
        collection("GLOBAL = ", [quoted(p.name) for p in program.params if p.family]),
    ]
    texts.append("\n".join(tables) + "\n")
    texts.append(_fitted_parameters(program))
    return "\n\n".join(texts)


def _closed_everywhere(guides: Sequence[ir.GuideProgram]) -> list[str]:
    closed: dict[str, bool] = {}
    for guide in guides:
        for site in guide.sites:
            closed[site.target] = closed.get(site.target, True) and site.closed_kl
    return [name for name, is_closed in closed.items() if is_closed]


def _names(items: Sequence[str]) -> str:
    inner = ", ".join(quoted(i) for i in items)
    return f"({inner},)" if len(items) == 1 else f"({inner})"


def _write_guide(program: ir.Program, guide: ir.GuideProgram, w: Writer) -> str:
    what = "everything observed" if guide.name == "all" else "what is observed but the outcome"
    rows = [s for s in guide.sites if s.form != "global"]
    lines = [
        f"def {python_name(guide.name)}(data, n_rows=None{_given(w)}):",
        f'    """Draw what is unobserved, given {what}."""',
    ]
    if any(params_of(e) for s in guide.sites for e in s.arguments.values()):
        lines.append("    p = parameters()")
    lines += [_global_site(s) for s in guide.sites if s.form == "global"]
    if not rows:
        return "\n".join(lines) + ("\n" if len(lines) > 2 else "\n    del data, n_rows\n")
    nets = _networks(guide)
    reader = f"{python_name(guide.name)}_weights"
    if nets:
        lines.append(f"    q = {reader}(){' if q is None else q' if w.hoists else ''}")
    lines.append("    size = rows_in(data, n_rows)")
    if any(s.form == "per_row" for s in rows):
        lines.append('    row = data["__row__"] if "__row__" in data else torch.arange(size)')
    lines.append(plates(w))
    drawn: set[str] = set()
    w.heads = {}
    read = {v for s in rows for e in s.arguments.values() for v in variables_of(e)}
    for name in (v for v in guide.evidence if v in read):
        lines.append(indent(f"{w.variables[name]} = data[{quoted(name)}]", 2))
    for site in rows:
        if site.form == "auxiliary":
            lines.append(_auxiliary_site(guide, site, w))
            continue
        lines.append(_row_site(program, guide, site, drawn, w))
        drawn.add(site.target)
    text = "\n".join(lines) + "\n"
    if not nets:
        return text
    entries = [f"**weights_of({quoted(n)})" for n in nets]
    table = collection("    return ", entries, "{}").replace("\n", "\n    ")
    return (
        f"def {reader}():\n"
        f'    """Return the weights of the networks of `{python_name(guide.name)}`."""\n'
        f"{table}\n\n\n{text}"
    )


def _given(w: Writer) -> str:
    return ", q=None, sample=pyro.sample" if w.hoists else ""


def plates(w: Writer) -> str:
    """Return the line that opens the plate over the rows."""
    if w.hoists:
        return "    with plates(size, n_rows, sample):"
    return '    with pyro.plate("rows__", size), poutine.scale(scale=(n_rows or size) / size):'


def _networks(guide: ir.GuideProgram) -> list[str]:
    """Return the names of a guide's networks, trunks too."""
    arguments = (a for site in guide.sites for a in site.arguments.values())
    return list(dict.fromkeys(net.name for a in arguments for net in networks_of(a)))


def _comment(site: ir.GuideSite) -> str:
    from causaldsl.codegen.pyro_module import line_comment

    return line_comment(site.origin)


def _global_site(site: ir.GuideSite) -> str:
    name, stem = quoted(site.target), f"guide.{site.target}"
    shape = "()" if not site.shape else f"({', '.join(map(str, site.shape))},)"
    loc = f"pyro.param({quoted(stem + '.loc')}, lambda: torch.zeros({shape}))"
    scale = (
        f"pyro.param({quoted(stem + '.scale')}, lambda: torch.full({shape}, 0.1), "
        "constraint=constraints.positive)"
    )
    lines = [fit("loc = ", loc), fit("scale = ", scale)]
    event = f".to_event({len(site.shape)})" if site.shape else ""
    match site.constraint:
        case "positive":
            law = f"dist.LogNormal(loc, scale){event}"
        case "unit":
            law = (
                "dist.TransformedDistribution(dist.Normal(loc, scale), "
                f"[dist.transforms.SigmoidTransform()]){event}"
            )
        case "simplex":
            lines = [line.replace("[-1]", "") for line in lines]
            law = (
                "dist.TransformedDistribution(dist.Normal(loc[:-1], scale[:-1]).to_event(1), "
                "[dist.transforms.StickBreakingTransform()])"
            )
        case _:
            law = f"dist.Normal(loc, scale){event}"
    lines.append(fit(f"pyro.sample({name}, ", f"{law})"))
    return "\n".join(lines)


def _law(domain: Domain | None, loc: str, scale: str) -> str:
    match domain:
        case Positive():
            return f"dist.LogNormal({loc}, {scale})"
        case UnitInterval():
            return (
                f"dist.TransformedDistribution(dist.Normal({loc}, {scale}), "
                "[dist.transforms.SigmoidTransform()])"
            )
        case _:
            return f"dist.Normal({loc}, {scale})"


def _row_site(
    program: ir.Program, guide: ir.GuideProgram, site: ir.GuideSite, drawn: set[str], w: Writer
) -> str:
    name = quoted(site.target)
    var = w.variables.get(site.target, w.variables.get(site.missing_of or "", "x"))
    stem = f"{python_name(guide.name)}.{site.target}"
    lines: list[str] = []
    if comment := _comment(site):
        lines.append(indent(f"# {comment}", 2))
    match site.form:
        case "per_row":
            lines += [indent(line, 2) for line in _per_row_parameters(stem)]
        case "expressions":
            lines += networks.assignments(site.arguments.values(), w, "q", 2)
            lines.append(fit("loc = ", write(site.arguments["mean"], w), 2))
            scale = write(site.arguments["sd"], w) if "sd" in site.arguments else "1.0"
            lines.append(fit("scale = ", scale, 2))
        case _:
            lines += _network_lines(program, site, stem, drawn, w)
    law = _law(site.domain, "loc", "scale")
    if site.event:
        law += f".to_event({len(site.event)})"
    if site.missing_of:
        law += f".mask(~data[{quoted(site.missing_of + '__seen')}])"
    assign = f"{var} = " if _is_read(guide, site.target) else ""
    lines.append(fit(assign, f"{w.sample}({name}, {law})", 2))
    return "\n".join(lines)


def _auxiliary_site(guide: ir.GuideProgram, site: ir.GuideSite, w: Writer) -> str:
    """Write a predictor of an observed variable: trained where it is seen, drawn where not."""
    name, var = quoted(site.target), w.variables[site.target]
    is_seen = site.target in guide.evidence
    lines = [indent(f"# {_comment(site)}", 2)] if _comment(site) else []
    lines += networks.assignments(site.arguments.values(), w, "q", 2)
    given = {k: write(v, w) for k, v in site.arguments.items()}
    event = f".to_event({len(site.event)})" if site.event else ""
    lines.append(fit("law = ", FAMILY_TEXT[site.family or ""](given) + event, 2))
    if is_seen:
        # a factor, not an observed site: Pyro's ELBO subtracts what a guide's sites give
        lines.append(fit("lost = ", f"-law.log_prob(data[{name}])", 2))
        lines.append(indent("unit = dist.Unit(lost, has_rsample=True)", 2))
        seen = 'obs=unit.sample(), infer={"is_auxiliary": True}'
        lines.append(fit("", f"{w.sample}({quoted(site.target + '__guide')}, unit, {seen})", 2))
        if _draw_is_read(guide, site.target):
            w.needs.add("mode")
            text = f'law.sample() if MODE["training"] else data[{name}]'
            lines.append(fit(f"{var}_drawn = ", text, 2))
    else:
        lines.append(indent(f"{var}_drawn = law.sample()", 2))
    return "\n".join(lines)


def _draw_is_read(guide: ir.GuideProgram, target: str) -> bool:
    for site in guide.sites:
        for argument in site.arguments.values():
            for net in networks_of(argument):
                drawn = [
                    i.value.name for i in net.inputs if i.drawn and isinstance(i.value, ir.Var)
                ]
                if target in drawn or (net.by == target and net.by_drawn):
                    return True
    return False


def _is_read(guide: ir.GuideProgram, target: str) -> bool:
    return any(
        (s.network is not None and target in s.network.inputs)
        or any(target in variables_of(e) for e in s.arguments.values())
        for s in guide.sites
        if s.target != target
    )


def _per_row_parameters(stem: str) -> list[str]:
    start = "lambda: torch.randn(15, every).median(0)[0]"
    loc = fit("loc = ", f"pyro.param({quoted(stem + '.loc')}, {start})", 2)
    return [
        "every = n_rows or size",
        "# each row starts at the median of 15 standard normal draws, as Pyro's AutoNormal does",
        *(line.removeprefix(" " * 8) for line in loc.splitlines()),
        "loc = loc[row]",
        "scale = pyro.param(",
        f"    {quoted(stem + '.scale')},",
        "    lambda: torch.full((every,), 0.1),",
        "    constraint=constraints.softplus_positive,",
        ")[row]",
    ]


def _network_lines(
    program: ir.Program, site: ir.GuideSite, stem: str, drawn: set[str], w: Writer
) -> list[str]:
    network = site.network
    if network is None or not network.inputs:
        return [
            fit(
                "loc = ",
                f"pyro.param({quoted(stem + '.loc')}, lambda: torch.zeros(())).expand(size)",
                2,
            ),
            fit(
                "scale = ",
                f"pyro.param({quoted(stem + '.scale')}, lambda: torch.ones(()), "
                "constraint=constraints.positive).expand(size)",
                2,
            ),
        ]
    w.needs |= {"normal_heads", "layer", "join"}
    inputs = [_input(program, name, drawn, w) for name in network.inputs]
    inputs += [
        f"data[{quoted(n + '__seen')}].to(torch.get_default_dtype())"
        for n in network.inputs
        if _is_masked(program, n)
    ]
    hidden = f"({', '.join(map(str, network.hidden))}{',' if len(network.hidden) == 1 else ''})"
    settings = [quoted(stem), "x", hidden, networks.ACTIVATIONS[network.activation]]
    settings += ["skip=True"] if network.skip else []
    settings += ["logvar=True"] if site.logvar else []
    return [
        fit("x = ", f"join({', '.join(inputs)})", 2),
        fit("loc, scale = ", f"normal_heads({', '.join(settings)})", 2),
    ]


def _is_masked(program: ir.Program, name: str) -> bool:
    mechanism = program.by_name.get(name)
    return mechanism is not None and mechanism.missing_latent


def _input(program: ir.Program, name: str, drawn: set[str], w: Writer) -> str:
    if name in drawn:
        return w.variables[name]
    mechanism = program.mechanism(name)
    value = f"data[{quoted(name)}]"
    match mechanism.domain:
        case Categorical() | Ordered():
            w.needs.add("levels")
            return f"levels({value}, {len(levels_of(mechanism.domain) or ())})"
        case Binary():
            return value
        case Image():
            return f"{value}.flatten(-3)"
        case _:
            w.needs.add("scaled")
            text = f"scaled({quoted(name)}, {value})"
            if mechanism.missing_latent:
                seen = f"data[{quoted(name + '__seen')}]"
                return f"torch.where({seen}, {text}, 0.0)"
            return text


def _fitted_parameters(program: ir.Program) -> str:
    bayesian = [p for p in program.params if p.family]
    doc = '    """Return every parameter, the Bayesian ones at the centre of their factors."""'
    lines = ["def fitted_parameters():", doc]
    if not bayesian:
        return "\n".join([*lines, "    return parameters()"]) + "\n"
    lines += ["    p = parameters()"]
    for p in bayesian:
        shape = "()" if not p.shape else f"({', '.join(map(str, p.shape))},)"
        text = f"pyro.param({quoted(f'guide.{p.name}.loc')}, lambda: torch.zeros({shape}))"
        match p.constraint:
            case "positive":
                text = f"torch.exp({text})"
            case "unit":
                text = f"torch.sigmoid({text})"
            case "simplex":
                text = f"dist.transforms.StickBreakingTransform()({text}[:-1])"
            case _:
                pass
        lines.append(fit(f"p[{quoted(p.name)}] = ", text))
    return "\n".join([*lines, "    return p"]) + "\n"


__all__ = ["python_name", "with_comment", "write_guides"]
