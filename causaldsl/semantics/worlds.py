"""Other worlds: ``V[S <- Black]``, shifts, policies, flips, nested worlds, paths; E, P and Q."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from causaldsl.graph.dag import ancestors
from causaldsl.graph.paths import recanting_witness
from causaldsl.semantics import mechanism_errors, name_errors, query_errors
from causaldsl.semantics.domains import is_value_of
from causaldsl.semantics.events import check_event
from causaldsl.semantics.families import bind_arguments, fits, fitting_families
from causaldsl.semantics.resolve import Resolver, has_levels
from causaldsl.semantics.scope import DeclaredVariable
from causaldsl.semantics.structure import Structure
from causaldsl.semantics.tables import level_text
from causaldsl.semantics.values import domain_bounds, single, value_of
from causaldsl.semantics.wording import quoted
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.domains import levels_of


def is_flip(target: str, name: str) -> bool:
    """Whether a name that is not declared means every other level of a variable."""
    return name in (f"{target}'", f"{target.lower()}'")


@dataclass(slots=True)
class Worlds:
    """Resolves worlds and E, P, Q. `facts` says whether E, P and Q may have them (queries)."""

    structure: Structure
    facts: bool
    _inside: bool = False
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)

    def special(self, resolver: Resolver, expression: nodes.Expression) -> nodes.Expression:
        """Return a world, mean or event with its names resolved."""
        match expression:
            case nodes.World():
                return self.world(resolver, expression)
            case nodes.Expectation():
                return self.expectation(resolver, expression)
            case _:
                finding = mechanism_errors.out_of_place(
                    "a comparison", resolver.place.what, "a value", expression.span
                )
                resolver.scope.findings.add(finding)
                return expression

    # --- E, P, Q ----------------------------------------------------------------------------

    def expectation(self, resolver: Resolver, expectation: nodes.Expectation) -> nodes.Expression:
        """Return ``E[...]``, ``P[...]`` or ``Q[...]`` with its body, level and facts resolved."""
        findings = resolver.scope.findings
        kind, span = expectation.kind, expectation.span
        if self._inside:
            findings.add(query_errors.nested_expectation(kind, span))
            return expectation
        if not self.facts and (kind != "E" or expectation.facts):
            expected = "`E[V]` or `E[V[a <- a']]` without facts"
            found = f"`{kind}[...]`" if kind != "E" else "a condition"
            place = resolver.place.what
            findings.add(mechanism_errors.out_of_place(found, place, expected, span))
            return expectation
        self._inside = True
        if kind == "P":
            body = tuple(check_event(resolver, e, "`P[...]`") for e in expectation.body)
        else:
            body = self._body(resolver, expectation)
        facts = tuple(check_event(resolver, e, "a condition") for e in expectation.facts)
        self._inside = False
        level = expectation.level
        if level is not None:
            level = self._level(resolver, level)
        return replace(expectation, body=body, level=level, facts=facts)

    def _body(
        self, resolver: Resolver, expectation: nodes.Expectation
    ) -> tuple[nodes.Expression, ...]:
        findings = resolver.scope.findings
        if len(expectation.body) != 1:
            count = len(expectation.body)
            findings.add(
                mechanism_errors.wrong_count(expectation.kind, count, 1, 1, expectation.span)
            )
            return expectation.body
        written = expectation.body[0]
        if isinstance(written, nodes.Compare):
            findings.add(query_errors.event_as_value(expectation.kind, written.span))
            return expectation.body
        resolved = resolver.resolve(written)
        if not self.facts and not isinstance(resolved, nodes.Name | nodes.World):
            expected = "a variable, perhaps in another world"
            place = "`E[...]` of a loss"
            findings.add(
                mechanism_errors.out_of_place(quoted(written.span), place, expected, written.span)
            )
        self._check_mean(resolver, resolved)
        return (resolved,)

    def _check_mean(self, resolver: Resolver, body: nodes.Expression) -> None:
        value = value_of(body, resolver.scope)
        if value is None:
            return
        if value.levels is not None:
            finding = query_errors.mean_of_levels(_base_name(body), body.span)
            resolver.scope.findings.add(finding)
        elif self.facts:
            single(body, resolver.scope)

    def _level(self, resolver: Resolver, level: nodes.Expression) -> nodes.Expression:
        resolved = resolver.resolve(level)
        value = value_of(resolved, resolver.scope)
        if value is not None and (value.constant is None or not 0 < value.constant < 1):
            found = "no number" if value.constant is None else f"{value.constant:g}"
            resolver.scope.findings.add(query_errors.wrong_quantile(found, level.span))
        return resolved

    # --- worlds -----------------------------------------------------------------------------

    def world(self, resolver: Resolver, world: nodes.World) -> nodes.Expression:
        """Return a variable in another world; a group gives its members, each in that world."""
        base = world.base
        if not isinstance(base, nodes.Name):
            resolver.scope.findings.add(query_errors.world_of_no_variable(base.span))
            return world
        members = resolver.scope.groups.get(base.name)
        if members is not None and not self.facts:
            each = tuple(
                self.world(resolver, replace(world, base=replace(base, name=member)))
                for member in members
            )
            return nodes.TupleOf(items=each, span=world.span)
        name = resolver.variable(base)
        if name is None:
            return world
        first: dict[str, Span] = {}
        assignments: list[nodes.Assignment] = []
        for assignment in world.assignments:
            target = resolver.variable(assignment.target)
            if target is None:
                assignments.append(assignment)
                continue
            if target in first:
                finding = query_errors.set_twice(target, assignment.target.span, first[target])
                resolver.scope.findings.add(finding)
            first.setdefault(target, assignment.target.span)
            assignments.append(self._assignment(resolver, assignment, target, name))
        return replace(world, assignments=tuple(assignments))

    def _assignment(
        self, resolver: Resolver, assignment: nodes.Assignment, target: str, base: str
    ) -> nodes.Assignment:
        variable = resolver.scope.variables[target]
        if assignment.along:
            self._check_along(resolver, assignment, target, base)
        elif target != base and target not in self._ancestors_of(base):
            span = assignment.target.span
            resolver.scope.findings.add(query_errors.without_effect(target, base, span))
        if assignment.kind == "draw":
            value = self._policy(resolver, assignment.value, variable)
        else:
            value = self._value(resolver, assignment.value, variable)
        return replace(assignment, value=value)

    def _ancestors_of(self, name: str) -> frozenset[str]:
        if name not in self._ancestors:
            self._ancestors[name] = ancestors(self.structure.graph, name)
        return self._ancestors[name]

    def _policy(
        self, resolver: Resolver, value: nodes.Expression, variable: DeclaredVariable
    ) -> nodes.Expression:
        findings = resolver.scope.findings
        family = FAMILIES.get(value.name) if isinstance(value, nodes.Call) else None
        if not isinstance(value, nodes.Call) or family is None or not fits(family, variable.domain):
            found = f"`{value.name}`" if isinstance(value, nodes.Call) else "no distribution"
            expected = fitting_families(variable.domain)[:4]
            findings.add(query_errors.wrong_policy(variable.name, found, expected, value.span))
            return value
        resolved = replace(value, inputs=tuple(resolver.resolve(i) for i in value.inputs))
        bind_arguments(resolved, family, resolver.scope, variable)
        return resolved

    def _value(
        self, resolver: Resolver, value: nodes.Expression, variable: DeclaredVariable
    ) -> nodes.Expression:
        scope = resolver.scope
        is_own_name = isinstance(value, nodes.Name) and value.name not in scope.names.symbols
        if isinstance(value, nodes.Name) and is_own_name and is_flip(variable.name, value.name):
            self._check_flip(resolver, value, variable)
            return value
        if has_levels(scope, variable.name):
            return self._level_value(resolver, value, variable)
        resolved = resolver.resolve(value)
        given = value_of(resolved, scope)
        if given is None:
            return resolved
        if given.levels is not None:
            found = f"`{value.span.text}`, which has levels"
            domain = str(variable.domain)
            finding = query_errors.impossible_value(
                variable.name, found, domain, value.span, variable.span
            )
            scope.findings.add(finding)
            return resolved
        bounds = domain_bounds(variable.domain)
        apart = given.bounds.high < bounds.low or given.bounds.low > bounds.high
        constant = given.constant
        if apart or (constant is not None and not is_value_of(variable.domain, repr(constant))):
            found = quoted(value.span)
            domain = str(variable.domain)
            finding = query_errors.impossible_value(
                variable.name, found, domain, value.span, variable.span
            )
            scope.findings.add(finding)
        return resolved

    def _check_flip(
        self, resolver: Resolver, value: nodes.Name, variable: DeclaredVariable
    ) -> None:
        if levels_of(variable.domain) is None:
            finding = query_errors.flip_without_levels(
                variable.name, str(variable.domain), value.span, variable.span
            )
            resolver.scope.findings.add(finding)

    def _level_value(
        self, resolver: Resolver, value: nodes.Expression, variable: DeclaredVariable
    ) -> nodes.Expression:
        """Return a level, or another variable's (or world's) level, for a variable with levels."""
        scope = resolver.scope
        levels = levels_of(variable.domain) or ()
        text = level_text(value)
        if text is not None and text in levels:
            return nodes.Text(value=text, span=value.span)
        if isinstance(value, nodes.Name) and value.name not in scope.names.symbols:
            if value.name not in scope.findings.reported:
                flips = (f"{variable.name.lower()}'",)
                finding = name_errors.unknown_level(
                    value.name, variable.name, (*levels, *flips), value.span, variable.span
                )
                scope.findings.add(finding)
            return value
        if text is not None and not isinstance(value, nodes.Name):
            scope.findings.add(
                name_errors.unknown_level(text, variable.name, levels, value.span, variable.span)
            )
            return value
        resolved = resolver.resolve(value)
        given = value_of(resolved, scope)
        if given is not None and given.levels != levels:
            found = quoted(value.span)
            finding = query_errors.impossible_value(
                variable.name, found, str(variable.domain), value.span, variable.span
            )
            scope.findings.add(finding)
        return resolved

    # --- paths ------------------------------------------------------------------------------

    def _check_along(
        self, resolver: Resolver, assignment: nodes.Assignment, target: str, base: str
    ) -> None:
        paths: list[tuple[str, ...]] = []
        for path in assignment.along:
            names = self._path(resolver, path, target, base)
            if names is not None:
                paths.append(names)
        if len(paths) == len(assignment.along) and self.structure.is_acyclic:
            witnesses = recanting_witness(self.structure.graph, paths)
            if witnesses:
                first, last = assignment.along[0].span, assignment.along[-1].span
                resolver.scope.findings.add(query_errors.recanting(witnesses, first.to(last)))

    def _path(
        self, resolver: Resolver, path: nodes.Path, target: str, base: str
    ) -> tuple[str, ...] | None:
        findings = resolver.scope.findings
        found = [resolver.variable(name) for name in path.names]
        names = tuple(name for name in found if name is not None)
        if len(names) < len(found):
            return None
        if names[0] != target:
            span = path.names[0].span
            findings.add(query_errors.path_elsewhere(target, "begins at", names[0], span))
            return None
        if names[-1] != base or len(names) < 2:
            span = path.names[-1].span
            findings.add(query_errors.path_elsewhere(base, "ends at", names[-1], span))
            return None
        for tail, head, name in zip(names, names[1:], path.names[1:], strict=False):
            if (tail, head) not in self.structure.arrows:
                findings.add(query_errors.no_such_path(tail, head, name.span))
                return None
        return names


def _base_name(expression: nodes.Expression) -> str:
    base = expression.base if isinstance(expression, nodes.World) else expression
    return base.name if isinstance(base, nodes.Name) else " ".join(base.span.text.split())
