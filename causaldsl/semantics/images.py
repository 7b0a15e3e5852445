"""Convolutions and images: `conv` reads one, `deconv` gives one."""

from __future__ import annotations

from causaldsl.semantics import mechanism_errors
from causaldsl.semantics.scope import DeclaredVariable, Scope
from causaldsl.semantics.walk import walk
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Image


def check_convolutions(
    expression: nodes.Expression, target: DeclaredVariable, scope: Scope
) -> None:
    """Report a `conv` that reads no image, and a `deconv` whose target is none."""
    for item in walk(expression):
        if not isinstance(item, nodes.Call):
            continue
        if item.name == "conv" and not any(_is_image(i, scope) for i in item.inputs):
            scope.findings.add(mechanism_errors.no_image("conv", None, item.name_span))
        if item.name == "deconv" and not isinstance(target.domain, Image):
            scope.findings.add(mechanism_errors.no_image("deconv", target.name, item.name_span))


def _is_image(expression: nodes.Expression, scope: Scope) -> bool:
    match expression:
        case nodes.Name(name=name):
            variable = scope.variables.get(name)
            return variable is not None and isinstance(variable.domain, Image)
        case nodes.Call(name="conv"):
            return True
        case nodes.Call(name="sampled", inputs=inputs):
            return any(_is_image(item, scope) for item in inputs)
        case _:
            return False
