"""Names inside expressions: groups and `parents` written out, levels told from variables.

The result holds names of variables, parameters and params only. A level becomes a `nodes.Text`,
so that ``t[White]`` cannot be taken for a variable `White`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from causaldsl.semantics import mechanism_errors, name_errors, value_errors
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.settings import check_settings
from causaldsl.semantics.tables import resolve_index
from causaldsl.semantics.wording import quoted
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.domains import Categorical, Ordered, levels_of
from causaldsl.vocabulary.functions import FUNCTIONS, CallSignature
from causaldsl.vocabulary.losses import SCHEDULES, TERMS
from causaldsl.vocabulary.networks import NETWORKS

Special = Callable[["Resolver", nodes.Expression], nodes.Expression]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an expression stands, and what may stand there.

    `parents` is what the word `parents` means. `special` resolves worlds, means and draws where
    they have a meaning; `own_calls` are calls that only this place knows.
    """

    what: str
    parents: tuple[str, ...] | None = None
    draws: bool = False
    special: Special | None = field(default=None, repr=False)
    own_calls: Mapping[str, CallSignature] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves the expressions of one place."""

    scope: Scope
    place: Place

    def resolve(self, expression: nodes.Expression) -> nodes.Expression:
        """Return an expression that gives one value, with its names resolved."""
        match expression:
            case nodes.Number():
                if not math.isfinite(expression.value):
                    self.scope.findings.add(value_errors.too_large(expression.span))
                return expression
            case nodes.Name():
                return self._name(expression)
            case nodes.Unary():
                return replace(expression, operand=self.resolve(expression.operand))
            case nodes.Binary():
                left, right = self.resolve(expression.left), self.resolve(expression.right)
                return replace(expression, left=left, right=right)
            case nodes.ListOf():
                items = tuple(self.resolve(item) for item in expression.items)
                return replace(expression, items=items)
            case nodes.Table():
                return self.table(expression)
            case nodes.TupleOf():
                return replace(expression, items=self.items(expression.items))
            case nodes.Index():
                return resolve_index(self, expression)
            case nodes.Call():
                return self.call(expression)
            case nodes.By():
                return self._branched(expression)
            case nodes.World() | nodes.Expectation() | nodes.Compare():
                return self._special(expression)
            case nodes.Text() | nodes.From():
                self._out_of_place(expression)
                return expression

    def items(self, expressions: tuple[nodes.Expression, ...]) -> tuple[nodes.Expression, ...]:
        """Return the values of a list of inputs: groups and `parents` give one for each member."""
        result: list[nodes.Expression] = []
        for expression in expressions:
            members = self.members(expression)
            if members is None:
                result.append(self.resolve(expression))
            elif not members:
                result.append(expression)  # reported
            else:
                result += [nodes.Name(name=member, span=expression.span) for member in members]
        return tuple(result)

    def members(self, expression: nodes.Expression) -> tuple[str, ...] | None:
        """Return the members of a group or of `parents`, or `None` for anything else."""
        if not isinstance(expression, nodes.Name):
            return None
        if expression.name == "parents":
            return self._parents(expression)
        return self.scope.groups.get(expression.name)

    def _parents(self, name: nodes.Name) -> tuple[str, ...]:
        parents = self.place.parents
        if parents is None:
            reason = f"{self.place.what} has no declared parents"
            self.scope.findings.add(name_errors.parents_out_of_place(name.span, reason))
            return ()
        if not parents:
            reason = "no arrow points here"
            self.scope.findings.add(name_errors.parents_out_of_place(name.span, reason))
        return parents

    def _name(self, name: nodes.Name) -> nodes.Expression:
        scope = self.scope
        if name.name in scope.variables or name.name in scope.hypers:
            return name
        if name.name in scope.parameters:
            return name
        if name.name == "parents":
            parents = self._parents(name)
            if len(parents) == 1:
                return replace(name, name=parents[0])
            if len(parents) > 1:
                reason = "it stands for several values here"
                scope.findings.add(name_errors.parents_out_of_place(name.span, reason))
            return name
        if name.name in scope.groups:
            members = scope.groups[name.name]
            scope.findings.add(value_errors.group_as_value(name.name, members, name.span))
            return name
        self.unknown(name, "a variable or a parameter")
        return name

    def unknown(self, name: nodes.Name, expected: str) -> None:
        """Report a name that nothing declares, once."""
        scope = self.scope
        if name.name in scope.findings.reported or name.name in scope.names.symbols:
            return  # declared, but its declaration was refused
        symbols = scope.names.symbols if scope.findings.is_suggesting else {}
        candidates = {n: symbol.span for n, symbol in symbols.items()}
        finding = name_errors.unknown_name(name.name, expected, name.span, candidates)
        scope.findings.add(finding, name.name)

    def variable(self, expression: nodes.Expression, expected: str = "a variable") -> str | None:
        """Return the variable that an expression names, reporting anything else."""
        if not isinstance(expression, nodes.Name):
            self.scope.findings.add(
                mechanism_errors.out_of_place(
                    quoted(expression.span), self.place.what, expected, expression.span
                )
            )
            return None
        if expression.name in self.scope.variables:
            return expression.name
        if expression.name in self.scope.groups:
            members = self.scope.groups[expression.name]
            finding = value_errors.group_as_value(expression.name, members, expression.span)
            self.scope.findings.add(finding)
            return None
        symbol = self.scope.names.symbols.get(expression.name)
        if symbol is None:
            self.unknown(expression, expected)
        elif expression.name not in self.scope.findings.reported and symbol.kind != "variable":
            self.scope.findings.add(
                name_errors.wrong_kind(
                    expression.name, symbol.kind, expected, expression.span, symbol.span
                )
            )
        return None

    def table(self, table: nodes.Table) -> nodes.Table:
        """Return a table with each key once and its values resolved."""
        first: dict[str, Span] = {}
        for entry in table.entries:
            if entry.key in first:
                finding = value_errors.key_twice(entry.key, entry.span, first[entry.key])
                self.scope.findings.add(finding)
            first.setdefault(entry.key, entry.span)
        entries = tuple(replace(e, value=self.resolve(e.value)) for e in table.entries)
        return replace(table, entries=entries)

    def _branched(self, by: nodes.By) -> nodes.Expression:
        body = self.resolve(by.body)
        is_call = isinstance(body, nodes.Call)
        if not (isinstance(body, nodes.Call) and body.name in NETWORKS) and (
            not is_call or by.body.name in FUNCTIONS  # type: ignore[union-attr]
        ):
            self.scope.findings.add(mechanism_errors.branch_of_no_network(by.body.span))
        return replace(by, body=body, branch=self.branch(by.branch))

    def branch(self, branch: nodes.Expression) -> nodes.Expression:
        """Return what stands behind `by`: a variable with levels, or a draw of one."""
        inner = branch
        if isinstance(branch, nodes.Call) and branch.name == "sampled":
            resolved = self.call(branch)
            if len(branch.inputs) != 1:
                return resolved
            inner = branch.inputs[0]
        name = self.variable(inner, "a variable with levels")
        if name is None:
            return branch
        declared = self.scope.variables[name]
        if levels_of(declared.domain) is None:
            finding = mechanism_errors.branch_without_levels(
                name, str(declared.domain), branch.span, declared.span
            )
            self.scope.findings.add(finding)
        elif declared.size is not None:
            finding = mechanism_errors.branch_on_array(
                name, declared.size, branch.span, declared.span
            )
            self.scope.findings.add(finding)
        return branch

    # --- calls ------------------------------------------------------------------------------

    def call(self, call: nodes.Call) -> nodes.Expression:
        """Return a call of a function or a network, with its number of inputs checked."""
        signature = self._signature(call)
        if signature is None:
            return call
        inputs = self.items(call.inputs)
        known = {s.name: s for s in signature.settings}
        settings = check_settings(call.settings, known, call.name, self.scope)
        self.check_count(call, signature, len(inputs))
        if call.name == "sampled":
            for item in inputs:
                self.variable(item, "a variable inside `sampled`")
        return replace(call, inputs=inputs, settings=settings)

    def check_count(self, call: nodes.Call, signature: CallSignature, count: int) -> None:
        """Report a call with too few or too many inputs."""
        most = signature.most
        if count < signature.least or (most is not None and count > most):
            shown = f"`{call.name}({signature.inputs})`"
            finding = mechanism_errors.wrong_count(
                call.name, count, signature.least, most, call.span, f"write {shown}"
            )
            self.scope.findings.add(finding)

    def _signature(self, call: nodes.Call) -> CallSignature | None:
        name = call.name
        if name in self.place.own_calls:
            return self.place.own_calls[name]
        if name == "sampled":
            return self._sampled(call)
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        if name in NETWORKS:
            return NETWORKS[name]
        if name in FAMILIES:
            finding = mechanism_errors.distribution_as_value(name, call.name_span)
            self.scope.findings.add(finding)
        elif name in TERMS or name in SCHEDULES:
            expected = "a function or a network"
            self.scope.findings.add(
                mechanism_errors.out_of_place(
                    f"loss term `{name}`", self.place.what, expected, call.name_span
                )
            )
        else:
            candidates = [*FUNCTIONS, *NETWORKS, *FAMILIES, *self.place.own_calls]
            finding = name_errors.unknown_call(
                name, "function, family or network", call.name_span, candidates
            )
            self.scope.findings.add(finding)
        return None

    def _sampled(self, call: nodes.Call) -> CallSignature | None:
        if self.place.draws:
            return CallSignature(
                name="sampled", least=1, most=None, result="number", inputs="a variable"
            )
        self.scope.findings.add(mechanism_errors.draw_out_of_place(self.place.what, call.span))
        return None

    # --- what only some places know ---------------------------------------------------------

    def _special(self, expression: nodes.Expression) -> nodes.Expression:
        if self.place.special is None:
            self._out_of_place(expression)
            return expression
        return self.place.special(self, expression)

    def _out_of_place(self, expression: nodes.Expression) -> None:
        findings, what, span = self.scope.findings, self.place.what, expression.span
        match expression:
            case nodes.Text():
                finding = mechanism_errors.out_of_place("a quoted text", what, "a value", span)
            case nodes.From():
                finding = mechanism_errors.out_of_place("`from`", what, "a value", span)
            case nodes.Compare():
                finding = mechanism_errors.out_of_place("a comparison", what, "a value", span)
            case _:
                finding = mechanism_errors.world_out_of_place(what, span)
        findings.add(finding)


def has_levels(scope: Scope, name: str) -> bool:
    """Whether a variable is categorical or ordered."""
    variable = scope.variables.get(name)
    return variable is not None and isinstance(variable.domain, Categorical | Ordered)
