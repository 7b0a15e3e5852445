"""Graphviz: a scene as DOT text, and a layout computed by the system's ``dot``.

For a layout the program gets numbers only, never names, and only its coordinates are used.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from html import escape

from causaldsl.drawing.grid import Curve, Layout
from causaldsl.drawing.routing import node_outline
from causaldsl.drawing.scene import Scene, SceneArrow, SceneNode
from causaldsl.drawing.shapes import Point, flattened, meeting_point
from causaldsl.drawing.theme import ROLES, Theme, colour_key, palette, role_style

_SHAPES = {
    "hexagon": "hexagon",
    "box": "box",
    "stadium": "box",
    "ellipse": "ellipse",
    "parallelogram": "parallelogram",
    "trapezoid": "invtrapezium",
}
_INCH = 72.0


def has_dot() -> bool:
    """Return whether the system has Graphviz's ``dot``."""
    return shutil.which("dot") is not None


# --- DOT text -----------------------------------------------------------------------------


def render_dot(scene: Scene, theme: Theme = "auto") -> str:
    """Return the scene in the DOT language, with its roles, its legend and the theme's colours."""
    colours = palette(theme)
    lines = [
        "digraph causal {",
        f'  graph [bgcolor="{colours["ground"]}", fontname="sans-serif", '
        f'fontcolor="{colours["text"]}", labelloc=b, nodesep=0.4, ranksep=0.6, '
        f"label={_dot_legend(scene, theme)}];",
        '  node [fontname="sans-serif", style=filled, penwidth=1.6];',
        f'  edge [color="{colours["arrow"]}", arrowsize=0.8, penwidth=1.2];',
    ]
    for world in ("", "factual", "shared", "counterfactual"):
        members = [node for node in scene.nodes if node.world == world]
        lines += _dot_world(world, members, theme)
    lines += [_dot_arrow(scene, arrow, theme) for arrow in scene.arrows]
    return "\n".join([*lines, "}", ""])


def _dot_world(world: str, members: Sequence[SceneNode], theme: Theme) -> list[str]:
    nodes = [_dot_node(node, theme) for node in members]
    if world not in ("factual", "counterfactual") or not nodes:
        return nodes
    colours = palette(theme)
    return [
        f"  subgraph cluster_{world} {{",
        f'    label="{world}"; labelloc=t; style="rounded,filled"; '
        f'color="{colours["frame"]}"; fillcolor="{colours[world + "-panel"]}";',
        *("  " + node for node in nodes),
        "  }",
    ]


def _dot_node(node: SceneNode, theme: Theme) -> str:
    colours = palette(theme)
    style = role_style(node.role)
    key = colour_key(node.role)
    looks = ["filled"]
    if style.shape in ("box", "stadium"):
        looks.append("rounded")
    if style.dash != "solid":
        looks.append(style.dash)
    notes = "".join(
        f'<br/><font point-size="9" color="{colours["muted"]}">{escape(note)}</font>'
        for note in node.notes
    )
    attributes = [
        f"label=<<b>{escape(node.shown_name)}</b>{notes}>",
        f'tooltip="{_quoted(f"{node.name}: {node.role}")}"',
        f"shape={_SHAPES[style.shape]}",
        f'style="{",".join(looks)}"',
        f'fillcolor="{colours[f"{key}-fill"]}"',
        f'color="{colours[f"{key}-line"]}"',
        f'fontcolor="{colours["text"]}"',
    ]
    if node.intervened:
        attributes.append("peripheries=2")
    return f'  "{_quoted(node.name)}" [{", ".join(attributes)}];'


def _dot_arrow(scene: Scene, arrow: SceneArrow, theme: Theme) -> str:
    tail, head = (_quoted(scene.nodes[end].name) for end in (arrow.tail, arrow.head))
    attributes: list[str] = []
    if arrow.dashed:
        attributes += ["style=dashed", f'color="{palette(theme)["latent-arrow"]}"']
    if arrow.both:
        attributes += ["dir=both", "constraint=false"]
    return f'  "{tail}" -> "{head}"' + (f" [{', '.join(attributes)}];" if attributes else ";")


def _dot_legend(scene: Scene, theme: Theme) -> str:
    colours = palette(theme)
    present = {colour_key(node.role) for node in scene.nodes}
    cells = [
        f'<td bgcolor="{colours[f"{role}-fill"]}" color="{colours[f"{role}-line"]}">'
        f'<font color="{colours["text"]}">{escape(style.legend)}</font></td>'
        for role, style in ROLES.items()
        if role in present
    ]
    cells += [
        f'<td border="0"><font color="{colours["muted"]}">{text}</font></td>'
        for text, is_shown in (
            ("dashed, two heads: unmeasured common cause", any(a.both for a in scene.arrows)),
            ("double border: set by do", any(node.intervened for node in scene.nodes)),
        )
        if is_shown
    ]
    if not cells:
        return '""'
    span = len(cells)
    title = (
        f'<tr><td border="0" colspan="{span}"><b>{escape(scene.title)}</b></td></tr>'
        if (scene.title)
        else ""
    )
    table = '<table border="0" cellborder="1" cellspacing="6" cellpadding="4">'
    return f"<{table}{title}<tr>{''.join(cells)}</tr></table>>"


def _quoted(text: str) -> str:
    """Return a text for the inside of a DOT string: no escape of DOT's survives in it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")


# --- layout -------------------------------------------------------------------------------


def dot_layout(scene: Scene) -> Layout | None:
    """Return the layout that ``dot`` computes, or None where it fails."""
    import graphviz  # here: only who has `dot` pays for it

    try:
        answer = graphviz.Source(_bare_dot(scene)).pipe(format="plain", encoding="utf-8")
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError):
        return None
    return _read_plain(scene, answer)


def _bare_dot(scene: Scene) -> str:
    lines = [
        "digraph {",
        "  graph [nodesep=0.38, ranksep=0.75, splines=true];",
        '  node [fixedsize=true, label=""]; edge [arrowhead=none];',
    ]
    for index, node in enumerate(scene.nodes):
        grow = 9 if node.intervened else 0
        shape = "ellipse" if role_style(node.role).shape == "ellipse" else "box"
        lines.append(
            f"  n{index} [shape={shape}, width={(node.width + grow) / _INCH:.4f}, "
            f"height={(node.height + grow) / _INCH:.4f}];"
        )
    for arrow in scene.arrows:
        loose = " [constraint=false]" if arrow.both else ""
        lines.append(f"  n{arrow.tail} -> n{arrow.head}{loose};")
    return "\n".join([*lines, "}"])


def _read_plain(scene: Scene, answer: str) -> Layout | None:
    """Read Graphviz's plain format: inches, y upwards, one line for each node and edge."""
    centres: dict[int, Point] = {}
    found: dict[tuple[int, int], list[Curve]] = {}
    for line in answer.splitlines():
        words = line.split()
        if words[:1] == ["node"]:
            centres[int(words[1][1:])] = _place(words[2:4])
        elif words[:1] == ["edge"]:
            ends = int(words[1][1:]), int(words[2][1:])
            numbers = words[4 : 4 + 2 * int(words[3])]
            curve = tuple(_place(numbers[i : i + 2]) for i in range(0, len(numbers), 2))
            found.setdefault(ends, []).append(curve)
    if len(centres) < len(scene.nodes):
        return None
    places = tuple(centres[index] for index in range(len(scene.nodes)))
    curves: list[Curve] = []
    for arrow in scene.arrows:  # several arrows between two nodes come back in the order given
        known = found.get((arrow.tail, arrow.head))
        if not known:
            return None
        curves.append(_fitted(scene, places, arrow, known.pop(0)))
    return Layout(centres=places, curves=tuple(curves))


def _place(words: Sequence[str]) -> Point:
    return float(words[0]) * _INCH, -float(words[1]) * _INCH


def _fitted(scene: Scene, places: Sequence[Point], arrow: SceneArrow, curve: Curve) -> Curve:
    """Let the ends of a curve touch our outlines, which are not always those that dot knows."""
    points = list(curve)
    for end, node in ((0, arrow.tail), (-1, arrow.head)):
        polygon = flattened(node_outline(scene.nodes[node], places[node]))
        points[end] = meeting_point(polygon, places[node], points[end])
    return tuple(points)
