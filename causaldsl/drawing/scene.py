"""What is to be drawn: nodes with their texts and sizes, and arrows between them.

A scene knows no coordinates. It is made once from the graph's attributes; the layouts and all
the formats read it and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from causaldsl.drawing.text import cleaned, shortened, text_width, typographic, wrapped
from causaldsl.drawing.theme import role_style

NAME_SIZE = 15.0
NOTE_SIZE = 11.0
_NOTE_LIMIT = 150.0
_NAME_LIMIT = 260.0
_LINE = 1.3  # line height over font size


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line inside a node; `baseline` is measured from the node's centre."""

    text: str
    size: float
    bold: bool
    colour: str
    baseline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneNode:
    """A node with its texts and the size that holds them.

    `world` is empty outside twin networks. `original` is, in a counterfactual copy, the index of
    the factual one.
    """

    name: str
    role: str
    notes: tuple[str, ...]
    lines: tuple[TextLine, ...]
    width: float
    height: float
    intervened: bool
    world: str
    original: int | None

    @property
    def shown_name(self) -> str:
        """The name as printed."""
        return self.lines[0].text


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneArrow:
    """An arrow between two nodes by index; `both` marks an unmeasured common cause."""

    tail: int
    head: int
    dashed: bool = False
    both: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a picture shows, in the order of the graph's nodes."""

    title: str | None
    nodes: tuple[SceneNode, ...]
    arrows: tuple[SceneArrow, ...]

    @property
    def is_twin(self) -> bool:
        """Whether two worlds are shown."""
        return any(node.world == "counterfactual" for node in self.nodes)


def build_scene(graph: nx.DiGraph[str], title: str | None = None) -> Scene:
    """Return the scene of a graph with the node attributes of `Scm.graph`.

    A stand-in latent becomes an arrow with two heads where it has exactly two children, vanishes
    where an intervention has left it fewer, and is shown as a latent where it has more.
    """
    hidden = {name for name in graph if _is_drawn_as_arrow(graph, name)}
    shown = [name for name in graph if name not in hidden]
    index = {name: place for place, name in enumerate(shown)}
    nodes = tuple(_node(graph, name, index) for name in shown)
    arrows = [
        SceneArrow(tail=index[tail], head=index[head], dashed=_is_dashed(nodes[index[tail]]))
        for tail, head in graph.edges
        if tail not in hidden
    ]
    for name in hidden:
        children = sorted(index[child] for child in graph.succ[name])
        if len(children) == 2:
            arrows.append(SceneArrow(tail=children[0], head=children[1], dashed=True, both=True))
    arrows.sort(key=lambda arrow: (arrow.both, arrow.tail, arrow.head))
    return Scene(title=cleaned(title) if title else None, nodes=nodes, arrows=tuple(arrows))


def _is_drawn_as_arrow(graph: nx.DiGraph[str], name: str) -> bool:
    is_stand_in = bool(graph.nodes[name].get("stand_in", False))
    return is_stand_in and graph.in_degree(name) == 0 and graph.out_degree(name) <= 2


def _is_dashed(tail: SceneNode) -> bool:
    return tail.role in ("latent", "noise")


def _node(graph: nx.DiGraph[str], name: str, index: Mapping[str, int]) -> SceneNode:
    data: Mapping[str, Any] = graph.nodes[name]
    role = str(data.get("role") or ("observed" if data.get("observed", True) else "latent"))
    world = str(data.get("world") or "")
    is_copy = world == "counterfactual"
    notes = () if role == "noise" else _notes(data)
    name_text = _shown_name(graph, name, role)
    lines = _lines(name_text, notes)
    width, height = _size(role, lines)
    return SceneNode(
        name=name,
        role=role,
        notes=notes,
        lines=lines,
        width=width,
        height=height,
        intervened=bool(data.get("intervened", False)),
        world=world,
        original=index.get(str(data.get("variable"))) if is_copy else None,
    )


def _shown_name(graph: nx.DiGraph[str], name: str, role: str) -> str:
    data = graph.nodes[name]
    if role == "noise":
        return shortened("U_" + typographic(cleaned(str(data["variable"]))), _NAME_LIMIT, NAME_SIZE)
    if data.get("stand_in", False):
        seen = [c for c in graph.succ[name] if graph.nodes[c].get("world") != "counterfactual"]
        if len(seen) > 1:
            name = " \u2194 ".join(seen)
    cells = f"[{size}]" if (size := data.get("size")) is not None else ""
    return shortened(typographic(cleaned(name)) + cells, _NAME_LIMIT, NAME_SIZE)


def _notes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the lines under the name: the human label, then the domain and the groups."""
    label = cleaned(str(data.get("label") or ""))
    domain = cleaned(str(data.get("domain") or ""))
    groups = [cleaned(str(g)) for g in data.get("groups") or ()]
    if domain and groups:
        domain = f"{domain}, in {' and '.join(groups)}"
    lines = wrapped(label, _NOTE_LIMIT, NOTE_SIZE, 2) if label else ()
    return (*lines, shortened(domain, _NOTE_LIMIT, NOTE_SIZE)) if domain else lines


def _lines(name: str, notes: tuple[str, ...]) -> tuple[TextLine, ...]:
    sizes = [NAME_SIZE] + [NOTE_SIZE] * len(notes)
    top = -sum(size * _LINE for size in sizes) / 2
    lines: list[TextLine] = []
    for text, size in zip((name, *notes), sizes, strict=True):
        baseline = top + size * (_LINE + 0.72) / 2  # centres capital letters in their line
        is_name = not lines
        lines.append(
            TextLine(
                text=text,
                size=size,
                bold=is_name,
                colour="text" if is_name else "muted",
                baseline=baseline,
            )
        )
        top += size * _LINE
    return tuple(lines)


def _size(role: str, lines: tuple[TextLine, ...]) -> tuple[float, float]:
    style = role_style(role)
    widest = max(text_width(line.text, line.size, bold=line.bold) for line in lines)
    height = sum(line.size * _LINE for line in lines) + 16
    if style.shape == "ellipse":
        height += 4 + 4 * (len(lines) - 1)
    width = max(widest * style.width + style.extra, 52.0, height * 1.15)
    return round(width, 1), round(height, 1)
