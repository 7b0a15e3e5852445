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
    """Report a `conv` that reads no image, a `deconv` whose target is none, and too many blocks."""
    for item in walk(expression):
        if not isinstance(item, nodes.Call):
            continue
        if item.name == "conv" and not any(_is_image(i, scope) for i in item.inputs):
            scope.findings.add(mechanism_errors.no_image("conv", None, item.name_span))
        if item.name == "deconv" and not isinstance(target.domain, Image):
            scope.findings.add(mechanism_errors.no_image("deconv", target.name, item.name_span))
        image = target.domain if item.name == "deconv" else _image_read(item, scope)
        if item.name in ("conv", "deconv") and isinstance(image, Image):
            _check_blocks(item, image, scope)


def _check_blocks(call: nodes.Call, image: Image, scope: Scope) -> None:
    """Report more blocks than the sides of an image can be halved: each is a step of 2."""
    for setting in call.settings:
        blocks = _count(setting.value, scope) if setting.name == "channels" else 0
        if any(side % 2**blocks for side in (image.height, image.width)):
            most = max(k for k in range(blocks) if not (image.height % 2**k or image.width % 2**k))
            scope.findings.add(
                mechanism_errors.too_many_blocks(
                    call.name, blocks, most, (image.height, image.width), setting.value.span
                )
            )


def _count(value: nodes.Expression, scope: Scope) -> int:
    """Return how many numbers a list of sizes holds, params looked up; 0 if it is none."""
    match value:
        case nodes.ListOf(items=items):
            return sum(_count(item, scope) for item in items)
        case nodes.Number():
            return 1
        case nodes.Name(name=name) if name in scope.hypers:
            given = scope.hypers[name].value
            return len(given) if isinstance(given, tuple) else 1
        case _:
            return 0


def _image_read(call: nodes.Call, scope: Scope) -> Image | None:
    for item in call.inputs:
        inner = item.inputs[0] if isinstance(item, nodes.Call) and item.name == "sampled" else item
        if isinstance(inner, nodes.Name) and inner.name in scope.variables:
            domain = scope.variables[inner.name].domain
            if isinstance(domain, Image):
                return domain
    return None


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
