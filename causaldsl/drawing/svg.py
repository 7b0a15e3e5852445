"""A picture as SVG that follows light and dark, needs no font of its own, and says what it shows.

Colours are CSS variables; each mark also carries its light colour as a plain attribute, for
viewers that know no variables. Class names hold a digest of the content, so that several
pictures can stand in one page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from html import escape

from causaldsl.drawing.composition import Mark, Picture, Stroke, Words
from causaldsl.drawing.shapes import Outline
from causaldsl.drawing.theme import DARK, Theme, palette

_FONTS = "ui-sans-serif, system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
DASHES: Mapping[str, tuple[float, float]] = {"dashed": (6, 4), "dotted": (1.6, 3.2)}


def render_svg(picture: Picture, theme: Theme = "auto") -> str:
    """Return a whole SVG document."""
    body = "\n".join(_mark(mark, palette(theme)) for mark in picture.marks)
    content = f"{picture.title}\n{picture.description}\n{theme}\n{body}"
    name = "cd" + hashlib.sha256(content.encode()).hexdigest()[:10]
    width, height = _number(picture.width), _number(picture.height)
    ground = palette(theme)["ground"]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
            f'aria-labelledby="{name}-t {name}-d" font-family="{_FONTS}">',
            f'<title id="{name}-t">{escape(picture.title, quote=False)}</title>',
            f'<desc id="{name}-d">{escape(picture.description, quote=False)}</desc>',
            f"<style>\n{_style(name, theme, picture)}\n</style>",
            f'<rect class="f-ground" width="{width}" height="{height}" fill="{ground}"/>',
            body,
            "</svg>",
            "",
        ]
    )


def _style(name: str, theme: Theme, picture: Picture) -> str:
    items = [item for mark in picture.marks for item in mark.items]
    fills = {item.colour if isinstance(item, Words) else item.fill for item in items} | {"ground"}
    lines = {item.line for item in items if isinstance(item, Stroke)}
    keys = [key for key in DARK if key in fills or key in lines]
    rules = [f".{name} {{ {_variables(keys, palette(theme))} }}"]
    if theme == "auto":
        dark = f".{name} {{ {_variables(keys, DARK)} }}"
        rules.append(f"@media (prefers-color-scheme: dark) {{ {dark} }}")
    rules += [f".{name} .f-{key} {{ fill: var(--{key}) }}" for key in keys if key in fills]
    rules += [f".{name} .s-{key} {{ stroke: var(--{key}) }}" for key in keys if key in lines]
    return "\n".join(rules)


def _variables(keys: Iterable[str], colours: Mapping[str, str]) -> str:
    return " ".join(f"--{key}: {colours[key]};" for key in keys)


def _mark(mark: Mark, colours: Mapping[str, str]) -> str:
    tip = f"<title>{escape(mark.tip, quote=False)}</title>" if mark.tip else ""
    items = "".join(
        _words(item, colours) if isinstance(item, Words) else _stroke(item, colours)
        for item in mark.items
    )
    return f'<g class="{mark.kind}">{tip}{items}</g>'


def _stroke(stroke: Stroke, colours: Mapping[str, str]) -> str:
    classes: list[str] = []
    attributes = [f'd="{path_data(stroke.path)}"']
    if stroke.fill:
        classes.append(f"f-{stroke.fill}")
        attributes.append(f'fill="{colours[stroke.fill]}"')
    else:
        attributes.append('fill="none"')
    if stroke.line:
        classes.append(f"s-{stroke.line}")
        attributes.append(f'stroke="{colours[stroke.line]}"')
        attributes.append(f'stroke-width="{_number(stroke.width)}"')
        if stroke.dash in DASHES:
            dash = " ".join(_number(part) for part in DASHES[stroke.dash])
            attributes.append(f'stroke-dasharray="{dash}"')
            if stroke.dash == "dotted":
                attributes.append('stroke-linecap="round"')
    return f'<path class="{" ".join(classes)}" {" ".join(attributes)}/>'


def _words(words: Words, colours: Mapping[str, str]) -> str:
    x, y = words.place
    attributes = [
        f'class="f-{words.colour}" x="{_number(x)}" y="{_number(y)}"',
        f'font-size="{_number(words.size)}" fill="{colours[words.colour]}"',
    ]
    if words.bold:
        attributes.append('font-weight="600"')
    if words.middle:
        attributes.append('text-anchor="middle"')
    return f"<text {' '.join(attributes)}>{escape(words.text, quote=False)}</text>"


def path_data(path: Outline) -> str:
    """Return a path in SVG's notation."""
    return " ".join(
        command + " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        for command, points in path
    )


def _number(value: float) -> str:
    tenths = round(value * 10)
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths / 10:.1f}"
