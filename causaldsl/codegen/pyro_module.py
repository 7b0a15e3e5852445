"""Writes the standalone Pyro module: constants, parameters, mechanisms, model, guides, losses.

What this text says is what the library runs. Names are mangled, strings are literals, and
nothing of the author's text reaches the module but through `codegen.names`.
"""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.codegen import guide_text, networks
from causaldsl.codegen.expressions import (
    FAMILY_TEXT,
    Writer,
    is_tensor,
    number,
    write,
)
from causaldsl.codegen.helpers_text import (
    HELPER_NEEDS,
    HELPERS,
    NORM_LINES,
    OBJECTIVE_TEXT,
    TRACES_TEXT,
    TRACES_WITH_WEIGHTS_TEXT,
)
from causaldsl.codegen.layout import collection, fit, indent, with_comment
from causaldsl.codegen.names import mangle, printable, quoted
from causaldsl.codegen.objective import write_objective
from causaldsl.ir import nodes as ir
from causaldsl.ir.passes.walk import networks_of
from causaldsl.source import Span
from causaldsl.vocabulary.domains import Categorical, Image, Ordered, is_discrete, levels_of

#: Arguments longer than this get a line of their own.
_LONG_ARGUMENT = 36
#: Arguments that functions of tensors are applied to, a plain number's too.
_NATURAL = ("log_rate", "logits", "logit_mean", "predictor")


def emit(
    program: ir.Program,
    guides: Sequence[ir.GuideProgram],
    objective: ir.Objective,
    version: str,
) -> str:
    """Return the text of the module."""
    hyper = mangle(_hyper_names(program), constants=True)
    variables = mangle([m.target for m in program.mechanisms], hyper.values())
    domains = {m.target: m.domain for m in program.mechanisms}
    w = Writer(variables=variables, hyper=hyper, domains=domains)
    w.events = {m.target: len(m.event) for m in program.mechanisms}
    w.needs.add("rows_in")
    shared = dict.fromkeys(m.shared for m in program.mechanisms if m.shared)
    w.shared = mangle(shared, (*variables.values(), *hyper.values()))
    w.has_auxiliaries = any(s.form == "auxiliary" for g in guides for s in g.sites)
    w.hoists = _hoists(program, guides)
    if w.hoists:
        w.needs.add("plates")
    body = [
        _parameters(program, w),
        *_mechanisms(program, w),
        *_inverses(program, w),
        _tables(program, w),
        _model(program, w),
        guide_text.write_guides(program, guides, w, from_draws=objective.elbo.from_draws),
        TRACES_WITH_WEIGHTS_TEXT if w.hoists else TRACES_TEXT,
        OBJECTIVE_TEXT,
        write_objective(objective, program, w),
    ]
    nets = networks.write_table(_all_networks(program, guides, objective), w)
    text = "\n\n".join(t.strip("\n") + "\n" for t in body if t.strip())
    head = _head(program, guides, w, version)
    helpers = _helpers(w)
    if nets:
        helpers = f"{nets}\n\n{helpers}"
    whole = f"{head}\n\n{helpers}\n\n{text}"
    return _with_imports(whole).rstrip("\n") + "\n"


def _all_networks(
    program: ir.Program, guides: Sequence[ir.GuideProgram], objective: ir.Objective
) -> list[ir.Net]:
    found = {net.name: net for net in program.networks}
    for guide in guides:
        for site in guide.sites:
            for argument in site.arguments.values():
                for net in networks_of(argument):
                    found.setdefault(net.name, net)
    for loss in objective.losses:
        if loss.player is not None:
            found.setdefault(loss.player.network.name, loss.player.network)
    return list(found.values())


def _helpers(w: Writer) -> str:
    """Return the helpers that a module needs, those that run networks for the kinds it has."""
    needs = _closure(w.needs)
    pictures = "network" in needs
    texts = []
    for name in HELPERS:
        if name not in needs:
            continue
        text = HELPERS[name]
        if name.startswith("run"):
            event = '(...,) + (None,) * (3 if net.get("kind") == "deconv" else 1)'
            rows = 'x.shape[: -3 if net.get("kind") == "conv" else -1]'
            text = text.replace("[EVENT]", f"[{event}]" if pictures else "[..., None]")
            text = text.replace("ROWS", rows if pictures else "x.shape[:-1]")
            text = text.replace("dense(", "network(") if pictures else text
        if name == "dense_full" and "normed" not in needs:  # units are dropped alone
            text = text.replace(NORM_LINES, "")
        if name.startswith("weights"):
            line = "        found |= PICTURES\n"
            found = '        found |= picture_weights(key, net) if "kind" in net else {}\n'
            text = text.replace(line, found if pictures else "")
        if name == "network":
            kinds = [f"{quoted(k)}: {k}olved" for k in ("conv", "deconv") if f"{k}olved" in needs]
            text = text.replace("{KINDS}", "{" + ", ".join(kinds) + "}")
        texts.append(text.strip("\n") + "\n")
    return "\n\n".join(texts)


def _hoists(program: ir.Program, guides: Sequence[ir.GuideProgram]) -> bool:
    """Whether a module's steps look weights up once, and keep their draws without handlers.

    Only where networks make the difference, and where every site is a plain draw.
    """
    plain = all(
        m.structural is None and not m.missing_latent and m.inverse is None
        for m in program.mechanisms
    )
    forms = {site.form for guide in guides for site in guide.sites}
    return bool(program.networks) and plain and not forms & {"per_row", "global"}


def _closure(needs: set[str]) -> set[str]:
    return needs | {h for n in needs for h in HELPER_NEEDS.get(n, ())}


def _hyper_names(program: ir.Program) -> list[str]:
    from causaldsl.ir.passes.walk import walk

    names = dict.fromkeys(program.hyper)
    for mechanism in program.mechanisms:
        roots = [*mechanism.arguments.values()]
        roots += [mechanism.structural] if mechanism.structural else []
        for root in roots:
            for node in walk(root):
                if isinstance(node, ir.Constants) and node.name is not None:
                    names[node.name] = None
    return list(names)


def line_comment(origin: Span | None) -> str:
    """Return ``file.scm:12 | text`` for a comment, or nothing."""
    if origin is None:
        return ""
    line, _ = origin.file.line_column(origin.start)
    name = origin.file.path.replace("\\", "/").rsplit("/", 1)[-1]
    source = " ".join(printable(origin.file.line(line).split("#")[0]).split())
    text = f"{printable(name)}:{line} | {source}"
    return text if len(text) <= 68 else text[:65].rstrip() + "..."


def _head(program: ir.Program, guides: Sequence[ir.GuideProgram], w: Writer, version: str) -> str:
    title = f": {printable(program.title)}" if program.title else ""
    name = printable(program.path.replace("\\", "/").rsplit("/", 1)[-1])
    observed = [m.target for m in program.mechanisms if m.observed]
    latent = [m.target for m in program.mechanisms if not m.observed]
    needed = [s.target for g in guides[:1] for s in g.sites]
    latent.sort(key=lambda v: v not in needed)
    levels = [
        f"{quoted(m.target)}: {_tuple(levels_of(m.domain) or ())}"
        for m in program.mechanisms
        if isinstance(m.domain, Categorical | Ordered)
    ]
    scales = [
        f"{quoted(m.target)}: [0.0, 1.0]"
        for m in program.mechanisms
        if m.observed and not isinstance(m.domain, Categorical | Ordered)
    ]
    events = [f"{quoted(m.target)}: {_shape(m.event)}" for m in program.mechanisms if m.event]
    lines = [
        f'"""{printable(program.name)}{title}.',
        "",
        f"Compiled from {name} by causaldsl {version}. The module stands on its own: it needs",
        "torch and pyro only. `model` and `guide` take a dict of tensors, one per observed",
        "variable, each of shape (rows,); a name that is missing is drawn.",
        '"""',
        "",
        "IMPORTS",
        "",
        f"NAME = {quoted(program.name)}",
        collection("OBSERVED = ", [quoted(v) for v in observed]),
        collection("LATENT = ", [quoted(v) for v in latent]),
        collection("LEVELS = ", levels, "{}"),
    ]
    lines += [f"{w.hyper[n]} = {number(v)}" for n, v in program.hyper.items()]
    for constant, values in w.constants.items():
        lines.append(collection(f"{constant} = torch.tensor", [_list(values)]).replace(",)", ")"))
    lines += [
        "",
        *([collection("EVENTS = ", events, "{}"), ""] if events else []),
        "# Mean and standard deviation of each numeric column of the training table. Parameters of",
        "# a `linear` are in this unit; with [0.0, 1.0] they are in the column's own.",
        collection("SCALES = ", scales, "{}"),
    ]
    return "\n".join(lines) + "\n"


def _tuple(items: Sequence[str]) -> str:
    inner = ", ".join(quoted(i) for i in items)
    return f"({inner},)" if len(items) == 1 else f"({inner})"


def _list(values: Sequence[float]) -> str:
    return "[" + ", ".join(number(v) for v in values) + "]"


def _with_imports(text: str) -> str:
    body = text.replace("\nIMPORTS\n", "\n", 1)
    lines = []
    if "math." in body:
        lines += ["import math"]
    if "@contextmanager" in body:
        lines += ["from contextlib import contextmanager"]
    lines += [""] if lines else []
    lines += ["import pyro"]
    if "dist." in body:
        lines += ["import pyro.distributions as dist"]
    lines += ["import torch"]
    if "F." in body:
        lines += ["import torch.nn.functional as F"]
    lines += ["from pyro import poutine"]
    if "constraints." in body:
        lines += ["from pyro.distributions import constraints"]
    lines += ["from torch.distributions import kl_divergence"]
    return text.replace("\nIMPORTS\n", "\n" + "\n".join(lines) + "\n", 1)


# --- parameters -----------------------------------------------------------------------------

_CONSTRAINTS = {
    "positive": "constraints.positive",
    "unit": "constraints.unit_interval",
    "simplex": "constraints.simplex",
    "ordered": "constraints.ordered_vector",
}


def _start(param: ir.ParamIR, w: Writer) -> str:
    rule, column = param.start.rule, param.start.column
    shape = "()" if not param.shape else _shape(param.shape)
    if rule in ("log_centre", "logit_centre") and column is not None:
        helper = "start_log" if rule == "log_centre" else "start_logit"
        w.needs.add(helper)
        return f"torch.full({shape}, {helper}({quoted(column)}))"
    values = param.start.values
    if len(set(values)) == 1:
        value = values[0]
        return f"torch.zeros({shape})" if value == 0 else f"torch.full({shape}, {number(value)})"
    return f"torch.tensor({_list(values)})"


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def write_param(param: ir.ParamIR, w: Writer) -> str:
    """Return the `pyro.param` or `pyro.sample` call of one parameter."""
    name = quoted(param.name)
    if param.family is not None:
        arguments = {k: write(v, w) for k, v in param.arguments.items()}
        text = FAMILY_TEXT[param.family](arguments)
        if param.family == "Dirichlet":
            return f"pyro.sample({name}, {text})"
        if param.shape:
            text = f"{text}.expand({_shape(param.shape)}).to_event({len(param.shape)})"
        return f"pyro.sample({name}, {text})"
    constraint = ""
    if param.floor is not None:
        constraint = f", constraint=constraints.greater_than({number(param.floor)})"
    elif param.constraint != "real":
        constraint = f", constraint={_CONSTRAINTS[param.constraint]}"
    return f"pyro.param({name}, lambda: {_start(param, w)}{constraint})"


def _parameters(program: ir.Program, w: Writer) -> str:
    rows = []
    last = ""
    for param in program.params:
        comment = line_comment(param.origin)
        if comment and comment != last:
            rows.append(f"        # {comment}")
            last = comment
        rows.append(fit(f"{quoted(param.name)}: ", write_param(param, w), 2) + ",")
    for net in program.networks:
        rows.append(f"        **weights_of({quoted(net.name)}),")
    doc = '    """Return every parameter of the model, by name."""'
    inner = "\n".join(rows)
    body = f"    return {{\n{inner}\n    }}" if rows else "    return {}"
    return f"def parameters():\n{doc}\n{body}\n"


# --- mechanisms -----------------------------------------------------------------------------


def function_name(target: str, w: Writer) -> str:
    """Return the name of a variable's mechanism function."""
    return f"given_{w.variables[target]}"


def _mechanisms(program: ir.Program, w: Writer) -> list[str]:
    """Return the functions of all variables, a shared network's before its first reader."""
    texts: list[str] = []
    written: set[str] = set()
    for m in program.mechanisms:
        if m.shared is not None and m.shared not in written:
            written.add(m.shared)
            texts.append(_shared_network(m, w))
        texts.append(_mechanism(m, w))
    return texts


def _shared_network(m: ir.MechanismIR, w: Writer) -> str:
    net = networks.top_networks(m.arguments.values())[m.shared or ""]
    arguments = ["p", *(w.variables[q] for q in m.parents)]
    return (
        f"def heads_{w.shared[net.name]}({', '.join(arguments)}):\n"
        f'    """Run the network of {printable(net.name)}, which its members share."""\n'
        + fit("return ", networks.call(net, w))
        + "\n"
    )


def _mechanism(m: ir.MechanismIR, w: Writer) -> str:
    arguments = ["p", *(w.variables[q] for q in m.parents)]
    optional = ["heads=None"] if m.shared else []
    lines = [f"def {function_name(m.target, w)}({', '.join([*arguments, *optional])}):"]
    comment = line_comment(m.origin)
    what = f"{printable(m.target)}: {comment or 'as declared'}".rstrip(".")
    lines.append(f'    """{what}."""')
    w.heads = {}
    if m.shared:
        w.heads[m.shared] = "heads"
        lines.append("    if heads is None:")
        lines.append(f"        heads = heads_{w.shared[m.shared]}({', '.join(arguments)})")
    roots = [*m.arguments.values(), *([m.structural] if m.structural else [])]
    lines += networks.assignments(roots, w, "p", 1)
    if m.structural is not None:
        text = write(m.structural, w)
        if not is_tensor(m.structural):
            text = f"torch.tensor({text})"
        lines.append(fit("return ", text))
        return "\n".join(lines) + "\n"
    given = {}
    for name, node in m.arguments.items():
        text, local = write(node, w), name
        while local in arguments:  # a parent of that name is still to be read
            local += "_"
        if name in _NATURAL and not is_tensor(node):
            text = f"torch.tensor({text})"
        if isinstance(node, ir.Linear) and node.outputs is not None and len(text) > _LONG_ARGUMENT:
            lines.append(fit(f"{local} = ", text.removeprefix("F.pad(").removesuffix(", (1, 0))")))
            text = f"F.pad({local}, (1, 0))"
        if len(text) > _LONG_ARGUMENT or name == "logit_mean":
            lines.append(fit(f"{local} = ", text))
            text = local
        if isinstance(m.domain, Image) and m.family == "Bernoulli":
            text = f"{text}, validate_args=False"  # a pixel lies between 0 and 1
        given[name] = text
    event = f".to_event({len(m.event)})" if m.event else ""
    lines.append(fit("return ", FAMILY_TEXT[m.family or ""](given) + event))
    return "\n".join(lines) + "\n"


def _inverses(program: ir.Program, w: Writer) -> list[str]:
    texts = []
    for m in program.mechanisms:
        if m.inverse is None:
            continue
        others = [q for q in m.parents if q != m.inverse.latent]
        arguments = ["p", w.variables[m.target], *(w.variables[q] for q in others)]
        w.heads = {}
        lines = [
            f"def invert_{w.variables[m.target]}({', '.join(arguments)}):",
            f'    """Return the {printable(m.inverse.latent)} that gives this'
            f' {printable(m.target)}."""',
            *networks.assignments([m.inverse.expression], w, "p", 1),
            fit("return ", write(m.inverse.expression, w)),
        ]
        texts.append("\n".join(lines) + "\n")
    return texts


def _tables(program: ir.Program, w: Writer) -> str:
    mechanisms = [f"{quoted(m.target)}: {function_name(m.target, w)}" for m in program.mechanisms]
    parents = [f"{quoted(m.target)}: {_tuple(m.parents)}" for m in program.mechanisms]
    inverted = [m for m in program.mechanisms if m.inverse]
    inverses = [f"{quoted(m.target)}: invert_{w.variables[m.target]}" for m in inverted]
    of = [f"{quoted(m.target)}: {quoted(m.inverse.latent)}" for m in inverted if m.inverse]
    sharing = [m for m in program.mechanisms if m.shared]
    heads = [f"{quoted(m.target)}: heads_{w.shared[m.shared]}" for m in sharing if m.shared]
    return "\n".join(
        (
            collection("MECHANISMS = ", mechanisms, "{}"),
            *([collection("HEADS = ", heads, "{}")] if heads else []),
            collection("PARENTS = ", parents, "{}"),
            collection("INVERSES = ", inverses, "{}"),
            collection("INVERSE_OF = ", of, "{}"),
        )
    )


# --- model ----------------------------------------------------------------------------------


def _call(m: ir.MechanismIR, w: Writer) -> str:
    arguments = ["p", *(w.variables[q] for q in m.parents)]
    if m.shared:
        arguments.append(f"heads_of_{w.shared[m.shared]}")
    return f"{function_name(m.target, w)}({', '.join(arguments)})"


def _model(program: ir.Program, w: Writer) -> str:
    determined = {m.inverse.latent: m for m in program.mechanisms if m.inverse}
    sites = []
    opened: set[str] = set()
    for m in program.mechanisms:
        if m.target in determined:
            continue
        comment = line_comment(m.origin)
        if m.shared is not None and m.shared not in opened:
            opened.add(m.shared)
            key = w.shared[m.shared]
            arguments = ", ".join(["p", *(w.variables[q] for q in m.parents)])
            sites.append(fit(f"heads_of_{key} = ", f"heads_{key}({arguments})", 2))
        sites.append(_site(m, program, w, comment))
    return (
        f"def model(data, n_rows=None{', p=None, sample=pyro.sample' if w.hoists else ''}):\n"
        '    """Draw every row, given what `data` holds of it.\n\n'
        "    `n_rows` is the size of the whole table when `data` is a batch of it, or how many\n"
        '    rows to draw when `data` is empty.\n    """\n'
        "    size = rows_in(data, n_rows)\n"
        f"    p = parameters(){' if p is None else p' if w.hoists else ''}\n"
        f"{guide_text.plates(w)}\n" + ("\n".join(sites) or "        pass") + "\n"
    )


def _site(m: ir.MechanismIR, program: ir.Program, w: Writer, comment: str) -> str:
    name, var = quoted(m.target), w.variables[m.target]
    is_read = any(m.target in other.parents for other in program.mechanisms)
    assign = f"{var} = " if is_read else ""
    if m.structural is not None and m.inverse is not None:
        return _inverted_site(m, program, w, comment)
    if m.structural is not None:
        if m.observed:
            line = f"{var} = data[{name}] if {name} in data else {_call(m, w)}"
            return with_comment(indent(line, 2), comment)
        line = f"{var} = pyro.deterministic({name}, {_call(m, w)})"
        return with_comment(indent(line, 2), comment)
    if m.missing_latent and not is_discrete(m.domain):
        return _missing_site(m, w, comment)
    return with_comment(
        fit(assign, f"{w.sample}({name}, {_call(m, w)}, obs=data.get({name}))", 2), comment
    )


def _inverted_site(m: ir.MechanismIR, program: ir.Program, w: Writer, comment: str) -> str:
    """Write an observed ``:=``: its latent is solved for, the change of variables a factor."""
    assert m.inverse is not None
    w.needs.add("solve")
    latent = program.mechanism(m.inverse.latent)
    name, var = quoted(m.target), w.variables[m.target]
    lname, lvar = quoted(latent.target), w.variables[latent.target]
    others = ", ".join(w.variables[q] for q in m.parents if q != latent.target)
    solved = f"solve(invert_{var}, p, {var}{', ' + others if others else ''})"
    lines = [
        f"# {comment}",
        f"if {name} in data:",
        f"    {var} = data[{name}]",
        f"    {lvar}, slope = {solved}",
        f"    pyro.sample({lname}, {_call(latent, w)}, obs={lvar})",
        f"    pyro.factor({name}, slope)",
        "else:",
        f"    {lvar} = pyro.sample({lname}, {_call(latent, w)}, obs=data.get({lname}))",
        f"    {var} = pyro.deterministic({name}, {_call(m, w)})",
    ]
    return indent("\n".join(lines), 2)


def _missing_site(m: ir.MechanismIR, w: Writer, comment: str) -> str:
    """Write a variable with latent cells: one site for what is seen, one for the rest."""
    name, var = quoted(m.target), w.variables[m.target]
    seen, unseen = quoted(f"{m.target}__seen"), quoted(f"{m.target}__missing")
    lines = [
        f"# {comment}",
        f"if {seen} in data:",
        f"    seen, law = data[{seen}], {_call(m, w)}",
        f"    {var} = pyro.sample({unseen}, law.mask(~seen))",
        f"    pyro.sample({name}, law.mask(seen), obs=data[{name}])",
        f"    {var} = torch.where(seen, data[{name}], {var})",
        "else:",
        f"    {var} = pyro.sample({name}, {_call(m, w)}, obs=data.get({name}))",
    ]
    return indent("\n".join(lines), 2)
