"""Derives the guide of one set of evidence: who needs a factor, and what each factor reads.

An unobserved variable with an observed descendant needs one. Under ``guide auto`` a factor reads
the variable's Markov blanket among what is observed; where the blanket holds another unobserved
variable, that one's blanket joins in, since given the row the two are dependent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import networkx as nx

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.ir import nodes as ir
from causaldsl.ir.expressions import Lowering, lower_expression
from causaldsl.ir.passes.walk import params_of, variables_of
from causaldsl.ir.refusals import Refused, guide_not_compiled
from causaldsl.semantics.model import GuideSpec, Scm
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Positive, Real, is_discrete

#: Width of the hidden layer of a derived guide.
AUTO_HIDDEN = (32,)


def evidence_sets(scm: Scm) -> dict[str, tuple[str, ...]]:
    """Return the sets that a fit holds a guide for: everything, and all but the outcome."""
    from causaldsl.vocabulary.roles import Role

    outcomes = set(scm.with_role(Role.OUTCOME))
    sets = {"all": scm.observed}
    if outcomes:
        sets["without_outcome"] = tuple(v for v in scm.observed if v not in outcomes)
    return sets


def derive_guides(
    scm: Scm, program: ir.Program
) -> tuple[tuple[ir.GuideProgram, ...], tuple[Diagnostic, ...]]:
    """Return the guides of every evidence set of the model, or refusals with their places."""
    guides: list[ir.GuideProgram] = []
    findings: dict[Diagnostic, None] = {}
    for name, evidence in evidence_sets(scm).items():
        try:
            guides.append(derive_guide(scm, program, name, evidence))
        except Refused as refusal:
            findings[refusal.finding] = None
    return tuple(guides), tuple(findings)


def derive_guide(
    scm: Scm, program: ir.Program, name: str, evidence: Iterable[str]
) -> ir.GuideProgram:
    """Return the guide for one set of evidence.

    A discrete unobserved variable with evidence below it has no gradient: the guide then says so
    in `refused`, and other engines answer.
    """
    held = tuple(v for v in program.by_name if v in set(evidence))
    targets = needed_latents(scm, program, held)
    blocked = [v for v in targets if is_discrete(scm.variables[v].domain)]
    sites: list[ir.GuideSite] = _global_sites(program)
    params: list[ir.ParamIR] = []
    if blocked:
        reason = f"`{blocked[0]}` is discrete and unobserved, so a draw of it has no gradient"
        return ir.GuideProgram(name=name, evidence=held, sites=(), refused=reason)
    reads: dict[str, set[str]] = {}
    drawn: dict[str, ir.GuideSite] = {}
    for target in targets:
        site, made = _derive_site(scm, program, name, target, held, tuple(targets))
        unknown = _unknown_to(site, program, {*held, *targets})
        if unknown is not None:
            reason = f"the guide of `{target}` reads `{unknown}`, which is not in this evidence"
            return ir.GuideProgram(name=name, evidence=held, sites=(), refused=reason)
        drawn[target] = site
        params.extend(made)
        reads[target] = {v for v in _site_reads(site) if v in targets}
    order = nx.lexicographical_topological_sort(
        nx.DiGraph([(a, b) for b, many in reads.items() for a in many])
        if any(reads.values())
        else nx.DiGraph(),
        key=targets.index,
    )
    ordered = [*order]
    ordered = [t for t in targets if t not in ordered and not reads[t]] + ordered
    later = _guide_descendants(reads)
    for target in ordered:
        sites.append(_with_closed_kl(drawn[target], program, later[target]))
    sites.extend(_missing_sites(program, name, held, tuple(targets)))
    return ir.GuideProgram(name=name, evidence=held, sites=tuple(sites), params=tuple(params))


def needed_latents(scm: Scm, program: ir.Program, evidence: tuple[str, ...]) -> list[str]:
    """Return the variables outside the evidence that inference must draw, in order.

    What an equation gives is computed, not drawn. Under ``guide per_row`` every latent has its
    factor, as in the papers' own code.
    """
    above: set[str] = set()
    for name in evidence:
        above |= nx.ancestors(scm.graph, name)
    determined = {
        m.inverse.latent for m in program.mechanisms if m.inverse and m.target in evidence
    }
    written = {g.target for g in scm.guides.values() if not g.auxiliary}
    return [
        m.target
        for m in program.mechanisms
        if m.target not in evidence
        and m.target not in determined
        and m.structural is None
        and (
            m.target in above
            or (not m.observed and (scm.default_guide == "per_row" or m.target in written))
        )
    ]


def blanket(scm: Scm, target: str, evidence: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is observed of the target's Markov blanket, through unobserved members."""
    held = set(evidence)
    seen: set[str] = set()
    reached: set[str] = set()
    todo = [target]
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        children = set(scm.graph.successors(node))
        spouses = {p for c in children for p in scm.graph.predecessors(c)}
        around = children | spouses | set(scm.graph.predecessors(node))
        reached |= around & held
        todo.extend(v for v in around - held if v not in seen and _has_evidence_below(scm, v, held))
    return tuple(v for v in evidence if v in reached)


def _has_evidence_below(scm: Scm, name: str, held: set[str]) -> bool:
    return bool(nx.descendants(scm.graph, name) & held)


def _derive_site(
    scm: Scm,
    program: ir.Program,
    guide: str,
    target: str,
    evidence: tuple[str, ...],
    latents: tuple[str, ...],
) -> tuple[ir.GuideSite, list[ir.ParamIR]]:
    domain = scm.variables[target].domain
    spec = scm.guides.get(target)
    if (spec and spec.per_row) or (spec is None and scm.default_guide == "per_row"):
        site = ir.GuideSite(
            target=target,
            form="per_row",
            domain=domain,
            origin=spec.span if spec else None,
        )
        return site, []
    if spec is not None:
        return _written_site(scm, guide, target, spec, evidence, latents)
    network = ir.Network(
        inputs=blanket(scm, target, evidence), hidden=AUTO_HIDDEN, activation="tanh", skip=True
    )
    return ir.GuideSite(target=target, form="network", domain=domain, network=network), []


def _written_site(
    scm: Scm,
    guide: str,
    target: str,
    spec: GuideSpec,
    evidence: tuple[str, ...],
    latents: tuple[str, ...],
) -> tuple[ir.GuideSite, list[ir.ParamIR]]:
    """Return a written guide: ``Normal(mlp(...))``, ``Normal(linear(...))``, two expressions."""
    call = spec.right
    domain = scm.variables[target].domain
    if not isinstance(call, nodes.Call) or call.name not in ("Normal", "LogNormal"):
        raise Refused(guide_not_compiled("this form", spec.right.span))
    settings = {s.name: s.value for s in call.settings}
    scale = settings.get("scale")
    logvar = isinstance(scale, nodes.Name) and scale.name == "logvar"
    first = call.inputs[0]
    if len(call.inputs) == 1 and isinstance(first, nodes.By):
        raise Refused(guide_not_compiled("`by`", first.span))
    if (
        len(call.inputs) == 1
        and isinstance(first, nodes.Call)
        and first.name in ("mlp", "linear", "conv")
    ):
        network = _written_network(first, scm, evidence, latents)
        return (
            ir.GuideSite(
                target=target,
                form="network",
                domain=domain,
                network=network,
                logvar=logvar,
                origin=spec.span,
            ),
            [],
        )
    ctx = Lowering(scm, target)
    names = ("mean", "sd")
    arguments = {n: lower_expression(e, ctx) for n, e in zip(names, call.inputs, strict=False)}
    params = [_renamed(p, guide) for p in ctx.params]
    return (
        ir.GuideSite(
            target=target,
            form="expressions",
            domain=domain,
            arguments=arguments,
            origin=spec.span,
        ),
        params,
    )


def _renamed(param: ir.ParamIR, guide: str) -> ir.ParamIR:
    raise Refused(guide_not_compiled(f"`linear` beside a written scale ({guide})", param.origin))  # type: ignore[arg-type]  # a generated parameter has its place


def _written_network(
    call: nodes.Call, scm: Scm, evidence: tuple[str, ...], latents: tuple[str, ...]
) -> ir.Network:
    if call.name == "conv":
        raise Refused(guide_not_compiled("`conv`", call.name_span))
    settings = {s.name: s for s in call.settings}
    for word in ("norm", "dropout", "out", "prior", "intercept"):
        if word in settings:
            raise Refused(guide_not_compiled(f"the setting `{word}`", settings[word].span))
    inputs = []
    for value in call.inputs:
        if not isinstance(value, nodes.Name):
            raise Refused(guide_not_compiled("an input that is no plain variable", value.span))
        if value.name in evidence or value.name in latents:
            inputs.append(value.name)
        elif not scm.variables[value.name].is_observed:
            raise Refused(guide_not_compiled(f"`{value.name}`, which no guide draws,", value.span))
    hidden: tuple[int, ...] = ()
    if "hidden" in settings:
        hidden = _whole_numbers(settings["hidden"].value, scm)
    activation = "relu"
    if "activation" in settings:
        activation = _activation(settings["activation"].value, scm)
    return ir.Network(
        inputs=tuple(inputs),
        hidden=hidden if call.name == "mlp" else (),
        activation=activation,
        skip=False,
    )


def _unknown_to(site: ir.GuideSite, program: ir.Program, known: set[str]) -> str | None:
    """Return what written expressions read beyond the known; a network leaves such inputs out."""
    if site.form != "expressions" or site.origin is None:
        return None
    reads_params = any(params_of(e) for e in site.arguments.values())
    if reads_params and any(p.family for p in program.params):
        raise Refused(guide_not_compiled("a parameter beside parameters with priors", site.origin))
    return next((name for name in sorted(_site_reads(site)) if name not in known), None)


def _whole_numbers(node: nodes.Expression, scm: Scm) -> tuple[int, ...]:
    match node:
        case nodes.ListOf(items=items):
            return tuple(n for item in items for n in _whole_numbers(item, scm))
        case nodes.Number(value=value):
            return (int(value),)
        case nodes.Name(name=name) if name in scm.hyper:
            given = scm.hyper[name].value
            if isinstance(given, tuple):
                return tuple(int(v) for v in given)
            if isinstance(given, int | float):
                return (int(given),)
        case _:
            pass
    raise Refused(guide_not_compiled("this width", node.span))


def _activation(node: nodes.Expression, scm: Scm) -> str:
    if isinstance(node, nodes.Name):
        hyper = scm.hyper.get(node.name)
        return str(hyper.value) if hyper is not None else node.name
    raise Refused(guide_not_compiled("an activation with a setting", node.span))


def _site_reads(site: ir.GuideSite) -> set[str]:
    if site.network:
        return set(site.network.inputs)
    return {v for e in site.arguments.values() for v in variables_of(e)}


def _guide_descendants(reads: Mapping[str, set[str]]) -> dict[str, set[str]]:
    graph = nx.DiGraph()
    graph.add_nodes_from(reads)
    graph.add_edges_from((a, b) for b, many in reads.items() for a in many)
    return {v: set(nx.descendants(graph, v)) for v in reads}


def _with_closed_kl(site: ir.GuideSite, program: ir.Program, later: set[str]) -> ir.GuideSite:
    """Decide whether the KL of a factor has a closed form given the draws it conditions on."""
    mechanism = program.mechanism(site.target)
    pairs = {Real: "Normal", Positive: "LogNormal"}
    family = pairs.get(type(site.domain))
    closed = (
        not mechanism.observed
        and mechanism.family is not None
        and mechanism.family == family
        and not (_behind(program, mechanism.parents) & later)
    )
    return _replace_closed(site, closed)


def _behind(program: ir.Program, names: Iterable[str]) -> set[str]:
    """Return variables and what unobserved equations among them are computed from."""
    found, todo = set[str](), list(names)
    while todo:
        found.add(name := todo.pop())
        mechanism = program.by_name[name]
        if mechanism.structural is not None and not mechanism.observed:
            todo += mechanism.parents
    return found


def _replace_closed(site: ir.GuideSite, closed: bool) -> ir.GuideSite:
    from dataclasses import replace

    return replace(site, closed_kl=closed)


def _global_sites(program: ir.Program) -> list[ir.GuideSite]:
    """Return a factor for every Bayesian parameter, Normal before its constraint."""
    closed = {"real": "Normal", "positive": "LogNormal"}
    return [
        ir.GuideSite(
            target=p.name,
            form="global",
            domain=None,
            shape=p.shape,
            constraint=p.constraint,
            closed_kl=closed.get(p.constraint) == p.family,
            origin=p.origin,
        )
        for p in program.params
        if p.family is not None
    ]


def _missing_sites(
    program: ir.Program, guide: str, evidence: tuple[str, ...], latents: tuple[str, ...]
) -> list[ir.GuideSite]:
    """Return a factor for the unseen cells of each variable declared ``missing latent``."""
    del guide, latents
    return [
        ir.GuideSite(
            target=f"{m.target}__missing",
            form="network",
            domain=m.domain,
            network=ir.Network(
                inputs=tuple(v for v in evidence if v != m.target), hidden=AUTO_HIDDEN, skip=True
            ),
            missing_of=m.target,
            closed_kl=False,
        )
        for m in program.mechanisms
        if m.missing_latent and m.target in evidence and not is_discrete(m.domain)
    ]
