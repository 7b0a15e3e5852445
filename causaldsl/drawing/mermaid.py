"""A scene as a Mermaid flowchart: roles by shape and colour, for pages that draw Mermaid."""

from __future__ import annotations

import json
from collections.abc import Sequence

from causaldsl.drawing.scene import Scene, SceneArrow, SceneNode
from causaldsl.drawing.theme import LIGHT, ROLES, colour_key, role_style

_BRACKETS = {
    "hexagon": ("{{", "}}"),
    "box": ("(", ")"),
    "stadium": ("([", "])"),
    "ellipse": ("((", "))"),
    "parallelogram": ("[/", "/]"),
    "trapezoid": ("[\\", "/]"),
}
_KEPT = set(" ()_-+=,.:'\u2032\u2033\u2034\u2026\u2194*")


def render_mermaid(scene: Scene) -> str:
    """Return the scene as Mermaid text.

    Nodes carry their own fill and text colour, so they are readable on light and dark pages.
    """
    lines = ["---", f"title: {json.dumps(scene.title)}", "---"] if scene.title else []
    lines.append("flowchart TD")
    for world in ("", "factual", "shared", "counterfactual"):
        lines += _world(scene, world)
    lines += [_arrow(arrow) for arrow in scene.arrows]
    lines += _legend(scene)
    lines += _classes(scene)
    return "\n".join([*lines, ""])


def _world(scene: Scene, world: str) -> list[str]:
    nodes = [f"  {_node(i, node)}" for i, node in enumerate(scene.nodes) if node.world == world]
    if world not in ("factual", "counterfactual") or not nodes:
        return nodes
    return [f"  subgraph {world}", *("  " + node for node in nodes), "  end"]


def _node(index: int, node: SceneNode) -> str:
    style = role_style(node.role)
    opening, closing = _BRACKETS[style.shape]
    notes = "".join(f"<br/><small>{_escaped(note)}</small>" for note in node.notes)
    text = f"<b>{_escaped(node.shown_name)}</b>{notes}"
    kind = colour_key(node.role)
    return f'n{index}{opening}"{text}"{closing}:::{kind}'


def _arrow(arrow: SceneArrow) -> str:
    sign = "<-.->" if arrow.both else "-.->" if arrow.dashed else "-->"
    return f"  n{arrow.tail} {sign} n{arrow.head}"


def _legend(scene: Scene) -> list[str]:
    present = _roles(scene)
    if not present:
        return []
    lines = ["  subgraph legend", "    direction LR"]
    for role in present:
        opening, closing = _BRACKETS[ROLES[role].shape]
        lines.append(f'    l_{role}{opening}"{ROLES[role].legend}"{closing}:::{role}')
    if any(node.intervened for node in scene.nodes):
        lines.append('    l_do("set by do"):::intervened')
    return [*lines, "  end"]


def _roles(scene: Scene) -> Sequence[str]:
    present = {colour_key(node.role) for node in scene.nodes}
    return [role for role in ROLES if role in present]


def _classes(scene: Scene) -> list[str]:
    dashes = {"dashed": ",stroke-dasharray:6 4", "dotted": ",stroke-dasharray:2 3"}
    lines = [
        f"  classDef {role} fill:{LIGHT[f'{role}-fill']},stroke:{LIGHT[f'{role}-line']},"
        f"color:{LIGHT['text']}{dashes.get(ROLES[role].dash, '')}"
        for role in _roles(scene)
    ]
    moved = [f"n{i}" for i, node in enumerate(scene.nodes) if node.intervened]
    if moved:
        lines.append("  classDef intervened stroke-width:5px")
        lines.append(f"  class {','.join(moved)} intervened")
    return lines


def _escaped(text: str) -> str:
    """Return a text in which only letters, digits and harmless signs stand for themselves."""
    return "".join(sign if sign.isalnum() or sign in _KEPT else f"#{ord(sign)};" for sign in text)
