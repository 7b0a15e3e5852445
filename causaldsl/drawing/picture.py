"""Causal graphs as pictures: what to show, where, and in which format.

`render` is the way in. SVG, PNG and PDF come from one list of marks, so they look alike, whether
the places come from the embedded layout or from the system's ``dot``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, get_args

import networkx as nx

from causaldsl.drawing.composition import Picture, compose
from causaldsl.drawing.dot import dot_layout, has_dot, render_dot
from causaldsl.drawing.grid import Layout
from causaldsl.drawing.layout import layered_layout
from causaldsl.drawing.mermaid import render_mermaid
from causaldsl.drawing.scene import Scene, build_scene
from causaldsl.drawing.svg import render_svg
from causaldsl.drawing.theme import Theme
from causaldsl.graph.dag import in_node_order
from causaldsl.graph.surgery import mutilated, twin

Format = Literal["svg", "png", "pdf", "dot", "mermaid"]
FORMATS: tuple[str, ...] = get_args(Format)
THEMES: tuple[str, ...] = get_args(Theme)

_DOT_LIMIT = 400  # nodes and arrows beyond which `dot` may take minutes


def render(
    graph: nx.DiGraph[str],
    fmt: Format,
    *,
    title: str | None = None,
    do: Iterable[str] = (),
    twin: bool = False,
    theme: Theme = "auto",
    use_dot: bool | None = None,
) -> bytes:
    """Return a picture of a graph whose nodes have the attributes of `Scm.graph`.

    Parameters
    ----------
    graph
        An acyclic graph. Attributes that are missing are taken as an observed variable's.
    fmt
        ``svg``, ``png``, ``pdf``, ``dot`` or ``mermaid``. Text formats are UTF-8.
    do
        Draw the graph under an intervention on these variables, or its second world.
    twin
        Draw the twin network. Without `do`, the sensitive variables are intervened on.
    theme
        ``auto`` follows the viewer where the format can (SVG), and is light elsewhere.
    use_dot
        Let the system's ``dot`` place the nodes: None means where it is installed and the graph
        is not very large. Twin networks always use the embedded layout.

    Raises
    ------
    ValueError
        If a name, the format or the theme is unknown, or there is nothing to intervene on.
    """
    if fmt not in FORMATS:
        raise ValueError(f"no format is named {fmt!r}; there are {', '.join(FORMATS)}")
    if theme not in THEMES:
        raise ValueError(f"no theme is named {theme!r}; there are {', '.join(THEMES)}")
    scene = build_scene(_shown_graph(graph, tuple(do), show_twin=twin), title)
    if fmt == "dot":
        return render_dot(scene, theme).encode()
    if fmt == "mermaid":
        return render_mermaid(scene).encode()
    picture = compose(scene, _place(scene, use_dot))
    return _PAINTERS[fmt](picture, theme)


def _shown_graph(
    graph: nx.DiGraph[str], do: tuple[str, ...], *, show_twin: bool
) -> nx.DiGraph[str]:
    if not show_twin:
        return mutilated(graph, do) if do else graph
    targets = do or in_node_order(
        graph, (name for name, role in graph.nodes(data="role") if role == "sensitive")
    )
    if not targets:
        raise ValueError("a twin network needs a variable to intervene on")
    return twin(graph, targets)


def _place(scene: Scene, use_dot: bool | None) -> Layout:
    if scene.is_twin or use_dot is False or not has_dot():
        return layered_layout(scene)
    if use_dot is None and len(scene.nodes) + len(scene.arrows) > _DOT_LIMIT:
        return layered_layout(scene)
    return dot_layout(scene) or layered_layout(scene)


def _paint_png(picture: Picture, theme: Theme) -> bytes:
    # Here and not above: importing matplotlib takes longer than drawing anything else.
    from causaldsl.drawing.raster import render_png

    return render_png(picture, theme)


def _paint_pdf(picture: Picture, theme: Theme) -> bytes:
    from causaldsl.drawing.raster import render_pdf

    return render_pdf(picture, theme)


def _paint_svg(picture: Picture, theme: Theme) -> bytes:
    return render_svg(picture, theme).encode()


_PAINTERS: dict[str, Callable[[Picture, Theme], bytes]] = {
    "svg": _paint_svg,
    "png": _paint_png,
    "pdf": _paint_pdf,
}
