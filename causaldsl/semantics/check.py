"""From nodes to the checked model: calls every check, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.semantics.claims import check_claims
from causaldsl.semantics.couplings import check_couplings
from causaldsl.semantics.domains import check_variables
from causaldsl.semantics.guides import check_guides
from causaldsl.semantics.inverses import with_noise
from causaldsl.semantics.mechanisms import CheckedMechanism, check_mechanisms
from causaldsl.semantics.model import CouplingWord, Scm, Variable
from causaldsl.semantics.names import check_names, header_of
from causaldsl.semantics.objective import check_losses
from causaldsl.semantics.parameters import check_parameters
from causaldsl.semantics.params import check_params
from causaldsl.semantics.queries import check_queries
from causaldsl.semantics.recipes import check_predictions, check_training
from causaldsl.semantics.roles import check_roles
from causaldsl.semantics.scope import Findings, Scope
from causaldsl.semantics.structure import Structure, check_groups, check_structure
from causaldsl.semantics.usage import check_usage
from causaldsl.source import SourceFile
from causaldsl.syntax import nodes

NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})


def check(
    program: nodes.Program,
    source: SourceFile,
    *,
    overrides: Mapping[str, object] = NO_OVERRIDES,
) -> tuple[Scm | None, tuple[Diagnostic, ...]]:
    """Return the checked model, None if it has errors, and every finding in order of the text.

    Parameters
    ----------
    overrides
        Values that stand in place of params' own, by name; each of the type it replaces.
    """
    findings = Findings()
    names = check_names(program, source, findings)
    hypers = check_params(names, overrides, findings)
    variables = check_variables(names, hypers, findings)
    groups = check_groups(names, variables, findings)
    structure = check_structure(names, variables, groups, findings)
    scope = Scope(
        names=names,
        hypers=hypers,
        variables=structure.variables,
        groups=groups,
        parameters={},
        parents=structure.parents,
        findings=findings,
    )
    scope = replace(scope, parameters=check_parameters(scope))
    check_roles(scope, structure)
    mechanisms = with_noise(check_mechanisms(scope, structure), scope, structure)
    couplings = check_couplings(scope, mechanisms)
    guides, default_guide = check_guides(scope, mechanisms)
    losses = check_losses(scope, structure)
    training = check_training(scope)
    predictions = check_predictions(scope)
    queries = check_queries(scope, structure)
    claims = check_claims(scope, structure, queries)
    check_usage(scope, structure)
    diagnostics = _in_order(findings)
    if findings.has_errors:
        return None, diagnostics
    header = header_of(program)
    scm = Scm(
        name=header.name.name if header is not None else "",
        title=header.title if header is not None else None,
        hyper=MappingProxyType(hypers),
        variables=MappingProxyType(_variables(scope, structure, mechanisms, couplings)),
        groups=MappingProxyType(groups),
        parameters=MappingProxyType(dict(scope.parameters)),
        graph=structure.graph,
        guides=MappingProxyType(guides),
        default_guide=default_guide,
        losses=losses,
        training=training,
        predictions=predictions,
        queries=queries,
        claims=claims,
        source=source,
    )
    return scm, diagnostics


def _in_order(findings: Findings) -> tuple[Diagnostic, ...]:
    """Return the findings in the order of the text, those without a place last."""

    def place(diagnostic: Diagnostic) -> tuple[int, int]:
        span = diagnostic.span
        return (1, 0) if span is None else (0, span.start)

    return tuple(sorted(findings.diagnostics, key=place))


def _variables(
    scope: Scope,
    structure: Structure,
    mechanisms: Mapping[str, CheckedMechanism],
    couplings: Mapping[str, CouplingWord],
) -> dict[str, Variable]:
    return {name: _variable(name, scope, mechanisms, couplings) for name in structure.order}


def _variable(
    name: str,
    scope: Scope,
    mechanisms: Mapping[str, CheckedMechanism],
    couplings: Mapping[str, CouplingWord],
) -> Variable:
    declared = scope.variables[name]
    checked = mechanisms[name]
    return Variable(
        name=name,
        role=declared.role,
        domain=declared.domain,
        size=declared.size,
        parents=scope.parents[name],
        mechanism=checked.mechanism,
        is_default=checked.is_default,
        binding=declared.binding,
        missing=declared.missing,
        coupling=couplings[name],
        label=declared.label,
        stand_in=declared.stand_in,
        shares_network_with=checked.shared_by,
        span=declared.span,
        mechanism_span=checked.span,
    )
