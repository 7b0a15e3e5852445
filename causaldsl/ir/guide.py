"""Derives the guide of one set of evidence: who needs a factor, and what each factor reads.

An unobserved variable with an observed descendant needs one. Under ``guide auto`` a factor reads
the variable's Markov blanket among what is observed; where the blanket holds another unobserved
variable, that one's blanket joins in, since given the row the two are dependent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.ir import nodes as ir
from causaldsl.ir.expressions import Lowering, lower_expression
from causaldsl.ir.networks import (
    Reader,
    event_of,
    is_network,
    lower_network,
    spread,
    variable_input,
    words_of,
)
from causaldsl.ir.passes.walk import networks_of, params_of, variables_of, walk
from causaldsl.ir.refusals import Refused, guide_not_compiled
from causaldsl.semantics.model import GuideSpec, Scm
from causaldsl.semantics.walk import names_in as walk_names
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES, default_family
from causaldsl.vocabulary.domains import (
    Categorical,
    Image,
    Ordered,
    Positive,
    Real,
    UnitInterval,
    is_discrete,
)

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
    blocked = [v for v in targets if is_discrete(scm.variables[v].domain) and v not in scm.guides]
    sites: list[ir.GuideSite] = _global_sites(program)
    if blocked:
        reason = f"`{blocked[0]}` is discrete and unobserved, so a draw of it has no gradient"
        return ir.GuideProgram(name=name, evidence=held, sites=(), refused=reason)
    latents = tuple(t for t in targets if not scm.variables[t].is_observed or t not in scm.guides)
    maker = _Maker(scm, program, name, held, latents)
    reads: dict[str, set[str]] = {}
    made: dict[str, ir.GuideSite] = {}
    for target in latents:
        try:
            site = maker.site(target)
        except _ReadsNothingError:
            reason = f"the guide of `{target}` reads nothing that is in this evidence"
            return ir.GuideProgram(name=name, evidence=held, sites=(), refused=reason)
        unknown = _unknown_to(site, program, {*held, *latents, *maker.predicted})
        if unknown is not None:
            reason = f"the guide of `{target}` reads `{unknown}`, which is not in this evidence"
            return ir.GuideProgram(name=name, evidence=held, sites=(), refused=reason)
        made[target] = site
        reads[target] = {v for v in _site_reads(site) if v in latents}
        reads[target] |= {_auxiliary(v) for v in _site_draws(site)}
    for target, site in maker.auxiliaries(made.values()).items():
        made[_auxiliary(target)] = site
        reads[_auxiliary(target)] = {v for v in _site_reads(site) if v in latents}
        reads[_auxiliary(target)] |= {_auxiliary(v) for v in _site_draws(site)}
    order = _in_order(reads)
    later = _guide_descendants(reads)
    for target in order:
        sites.append(_with_closed_kl(made[target], program, later[target]))
    sites.extend(_missing_sites(program, name, held, latents))
    return ir.GuideProgram(name=name, evidence=held, sites=tuple(sites))


def _auxiliary(name: str) -> str:
    """Return the key of an auxiliary predictor, which no variable can have."""
    return f"auxiliary {name}"


def _in_order(reads: Mapping[str, set[str]]) -> list[str]:
    """Return sites in an order in which each can be drawn; ties keep the given one."""
    keys = list(reads)
    graph = nx.DiGraph([(a, b) for b, many in reads.items() for a in many])
    ordered = [*nx.lexicographical_topological_sort(graph, key=keys.index)]
    return [t for t in keys if t not in ordered and not reads[t]] + ordered


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


class _ReadsNothingError(Exception):
    """A written guide has no input in this evidence."""


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the sites of one guide."""

    scm: Scm
    program: ir.Program
    guide: str
    evidence: tuple[str, ...]
    latents: tuple[str, ...]

    @property
    def predicted(self) -> frozenset[str]:
        """Observed variables that are drawn here: by all, or by a guide that lacks them."""
        auxiliary = {g.target for g in self.scm.guides.values() if g.auxiliary}
        if self.guide != "all":
            auxiliary -= set(self.evidence)
        return frozenset(auxiliary)

    def site(self, target: str) -> ir.GuideSite:
        """Return the factor of one latent: as written, or derived."""
        domain = self.scm.variables[target].domain
        spec = self.scm.guides.get(target)
        if (spec and spec.per_row) or (spec is None and self.scm.default_guide == "per_row"):
            if event_of(self.scm, target):
                span = spec.span if spec else self.scm.variables[target].span
                raise Refused(guide_not_compiled("`per_row` for an array", span))
            return ir.GuideSite(
                target=target, form="per_row", domain=domain, origin=spec.span if spec else None
            )
        if spec is not None:
            return self.written(spec)
        inputs = blanket(self.scm, target, self.evidence)
        if event_of(self.scm, target) or any(event_of(self.scm, v) for v in inputs):
            return self._derived_network(target, inputs)
        network = ir.Network(inputs=inputs, hidden=AUTO_HIDDEN, activation="tanh", skip=True)
        return ir.GuideSite(target=target, form="network", domain=domain, network=network)

    def _derived_network(self, target: str, inputs: tuple[str, ...]) -> ir.GuideSite:
        reader = self.reader(target, self.scm.variables[target].span)
        size = self.scm.variables[target].size
        net = ir.Net(
            name=f"{_stem(self.guide)}.{target}",
            kind="mlp",
            inputs=tuple(variable_input(v, reader) for v in inputs),
            hidden=AUTO_HIDDEN,
            outputs=2 * (size or 1),
            activation="tanh",
        )
        head, tail = ir.Head(net, 0, size), ir.Head(net, size or 1, size)
        return ir.GuideSite(
            target=target,
            form="expressions",
            domain=self.scm.variables[target].domain,
            arguments={"mean": head, "sd": ir.Spread("softplus", tail)},
            event=event_of(self.scm, target),
        )

    def reader(self, target: str, span: Span) -> Reader:
        """Return how a guide's networks read their inputs."""
        del span
        ctx = Lowering(self.scm, target)
        return Reader(
            scm=self.scm,
            lower=lambda node: lower_expression(node, ctx),
            refuse=guide_not_compiled,
            known=frozenset({*self.evidence, *self.latents}),
            predicted=self.predicted,
            masks=True,
        )

    def borrows(self, spec: GuideSpec) -> bool:
        """Whether the networks of the guide for all evidence serve here.

        They do where predictors stand in for what is not seen, and, since an encoder is used as
        it was trained, under other objectives than the ELBO where nothing they read is missing.
        """
        if self.guide == "all":
            return False
        read = {n.name for n in walk_names(spec.right) if n.name in self.scm.variables}
        unseen = {v for v in read if self.scm.variables[v].is_observed and v not in self.evidence}
        if unseen:
            return unseen <= self.predicted
        return bool(self.scm.losses)

    def written(self, spec: GuideSpec) -> ir.GuideSite:
        """Return a written guide: a family over one network, or expressions."""
        scm = self.scm
        variable = scm.variables[spec.target]
        borrows = self.borrows(spec) or (spec.auxiliary and self.guide != "all")
        stem = _stem("all" if borrows else self.guide)
        family, inputs, settings = self._family(spec)
        reader = self.reader(spec.target, spec.span)
        members = spec.shares_network_with or (spec.target,)
        arguments: dict[str, ir.Ir]
        if len(inputs) == 1 and is_network(inputs[0]):
            heads = {m: self._heads(scm.guides[m]) for m in members}
            name = spec.target if len(members) == 1 else _group_name(scm, members)
            net = lower_network(inputs[0], reader, f"{stem}.{name}", sum(heads.values()))
            start = sum(heads[m] for m in members[: members.index(spec.target)])
            if not net.inputs:
                raise _ReadsNothingError(spec.target)
            arguments = self._network_arguments(spec, family, net, start, settings)
        else:
            ctx = Lowering(scm, spec.target)
            arguments = {}
            for parameter, node in zip(FAMILIES[family].parameters, inputs, strict=False):
                if is_network(node):
                    net = lower_network(node, reader, f"{stem}.{spec.target}", variable.size or 1)
                    head: ir.Ir = ir.Head(net, 0, variable.size)
                    is_column = variable.is_observed and parameter.name == "mean"
                    if is_column and isinstance(variable.domain, Real):
                        head = ir.Rescale(spec.target, head)
                    arguments[parameter.name] = head
                else:
                    arguments[parameter.name] = lower_expression(node, ctx)
            if ctx.params:
                what = f"`linear` beside a written scale ({self.guide})"
                raise Refused(guide_not_compiled(what, spec.right.span))
            if family == "Normal":
                arguments.setdefault("sd", ir.Num(1.0))
        if variable.size is not None:
            arguments = {
                k: v if _has_head(v) else ir.Cells(v, variable.size) for k, v in arguments.items()
            }
        return ir.GuideSite(
            target=spec.target,
            form="auxiliary" if spec.auxiliary else "expressions",
            domain=variable.domain,
            arguments=arguments,
            family=family,
            event=event_of(scm, spec.target),
            borrows=borrows,
            origin=spec.span,
        )

    def _family(
        self, spec: GuideSpec
    ) -> tuple[str, tuple[nodes.Expression, ...], dict[str, nodes.Expression]]:
        """Return a guide's family, its arguments as written, and its settings."""
        call, domain = spec.right, self.scm.variables[spec.target].domain
        if isinstance(call, nodes.Call) and call.name in FAMILIES:
            if not spec.auxiliary and call.name not in ("Normal", "LogNormal"):
                raise Refused(
                    guide_not_compiled(f"the family `{call.name}` of a latent", spec.right.span)
                )
            return call.name, call.inputs, {s.name: s.value for s in call.settings}
        if not spec.auxiliary:
            raise Refused(guide_not_compiled("an expression without a family", spec.right.span))
        if isinstance(domain, Ordered | UnitInterval | Image):
            what = f"a predictor of a variable of {domain}"
            raise Refused(guide_not_compiled(what, spec.right.span))
        if not is_network(call):
            raise Refused(guide_not_compiled("a predictor without a network", spec.right.span))
        return default_family(domain), (call,), {}

    def _heads(self, spec: GuideSpec) -> int:
        """Return how many outputs of one network a guide reads."""
        family, _, _ = self._family(spec)
        variable = self.scm.variables[spec.target]
        cells = variable.size or 1
        if isinstance(variable.domain, Categorical):
            return cells * len(variable.domain.levels)
        return cells * len(FAMILIES[family].parameters)

    def _network_arguments(
        self,
        spec: GuideSpec,
        family: str,
        net: ir.Net,
        start: int,
        settings: dict[str, nodes.Expression],
    ) -> dict[str, ir.Ir]:
        variable = self.scm.variables[spec.target]
        size, cells = variable.size, variable.size or 1
        if isinstance(variable.domain, Categorical):
            return {"logits": ir.Head(net, start, len(variable.domain.levels))}
        if family in ("Bernoulli", "Poisson"):
            head: ir.Ir = ir.Head(net, start, size)
            if family == "Poisson":
                if size is None:
                    head = ir.Op("+", ir.StartOf("log_centre", spec.target), head)
                return {"log_rate": head}
            return {"logits": head}
        kind = words_of(settings).get("scale", "softplus")
        loc: ir.Ir = ir.Head(net, start, size)
        scale: ir.Ir = spread(kind, ir.Head(net, start + cells, size))
        if family not in ("Normal", "LogNormal"):
            raise Refused(guide_not_compiled(f"`{family}`", spec.right.span))
        if family == "Normal" and variable.is_observed:
            loc = ir.Rescale(spec.target, loc)
            scale = ir.Rescale(spec.target, scale, shift=False)
        return {"mean": loc, "sd": scale}

    def auxiliaries(self, sites: Iterable[ir.GuideSite]) -> dict[str, ir.GuideSite]:
        """Return this guide's predictors: all of them where they are trained, else the needed."""
        specs = {g.target: g for g in self.scm.guides.values() if g.auxiliary}
        if self.guide == "all":
            return {t: self.written(s) for t, s in specs.items()}
        found: dict[str, ir.GuideSite] = {}
        todo = [v for s in sites for v in _site_draws(s)]
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = self.written(specs[name])
                todo += _site_draws(found[name])
        return found


def _stem(guide: str) -> str:
    return "guide" if guide == "all" else f"guide_{guide}"


def _group_name(scm: Scm, members: tuple[str, ...]) -> str:
    groups = [g for g, inside in scm.groups.items() if set(inside) == set(members)]
    return groups[0] if groups else "+".join(members)


def _has_head(node: ir.Ir) -> bool:
    return any(isinstance(n, ir.Head) for n in walk(node))


def _site_draws(site: ir.GuideSite) -> list[str]:
    """Return the predicted variables whose draws a site reads."""
    found: list[str] = []
    for argument in site.arguments.values():
        for net in networks_of(argument):
            found += [i.value.name for i in net.inputs if i.drawn and isinstance(i.value, ir.Var)]
            if net.by is not None and net.by_drawn:
                found.append(net.by)
    return list(dict.fromkeys(found))


def _unknown_to(site: ir.GuideSite, program: ir.Program, known: set[str]) -> str | None:
    """Return what written expressions read beyond the known; a network leaves such inputs out."""
    if site.form not in ("expressions", "auxiliary") or site.origin is None:
        return None
    reads_params = any(params_of(e) for e in site.arguments.values())
    if reads_params and any(p.family for p in program.params):
        raise Refused(guide_not_compiled("a parameter beside parameters with priors", site.origin))
    return next((name for name in sorted(_site_reads(site)) if name not in known), None)


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
    if site.form == "auxiliary":
        return _replace_closed(site, False)
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
