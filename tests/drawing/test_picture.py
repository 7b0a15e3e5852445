import io
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import networkx as nx
import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.image import imread
from matplotlib.textpath import TextPath

from causaldsl import pipeline
from causaldsl.drawing.composition import Words, compose, describe
from causaldsl.drawing.layout import layered_layout
from causaldsl.drawing.picture import FORMATS, render
from causaldsl.drawing.scene import build_scene
from causaldsl.drawing.theme import DARK, LIGHT
from causaldsl.graph.dag import thaw
from causaldsl.graph.surgery import twin
from causaldsl.source import SourceFile

SVG = "{http://www.w3.org/2000/svg}"


def draw(graph, fmt, **how):
    return render(graph, fmt, use_dot=False, **how)


def svg_of(graph, **how):
    return ET.fromstring(draw(graph, "svg", **how))


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def tips(root, kind):
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class") == kind]
    return [group.find(f"{SVG}title").text for group in groups]


@pytest.mark.parametrize("fmt", FORMATS)
def test_equal_graphs_give_equal_bytes(exoc, fmt):
    assert draw(exoc, fmt, title="t") == draw(thaw(exoc), fmt, title="t")


def test_bytes_do_not_depend_on_the_hash_seed():
    code = (
        "import sys, networkx as nx; from causaldsl.drawing.picture import FORMATS, render;"
        "g = nx.DiGraph([('b', 'a'), ('c', 'a'), ('x', 'b'), ('x', 'c')]);"
        "[sys.stdout.buffer.write(render(g, f, do=['b'], use_dot=False)) for f in FORMATS]"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("how", [{}, {"do": ["a"]}, {"twin": True}, {"theme": "dark"}])
def test_hostile_names_and_labels_are_drawn(hostile, fmt, how):
    assert draw(hostile, fmt, title='<&"\x00', **how)


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_graph_is_left_alone(exoc, fmt):
    before = thaw(exoc)
    draw(exoc, fmt, do=["S"])
    assert nx.utils.graphs_equal(before, exoc)


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_graph_is_a_picture(fmt):
    assert draw(nx.DiGraph(), fmt)


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_graph_without_attributes_is_drawn(fmt):
    assert draw(nx.DiGraph([("a", "b")]), fmt)


def test_unknown_formats_themes_and_names_are_refused(exoc):
    with pytest.raises(ValueError, match="gif"):
        render(exoc, "gif")
    with pytest.raises(ValueError, match="sepia"):
        render(exoc, "svg", theme="sepia")
    with pytest.raises(ValueError, match="Q"):
        render(exoc, "svg", do=["Q"])


def test_a_twin_needs_something_to_intervene_on():
    with pytest.raises(ValueError, match="intervene"):
        render(nx.DiGraph([("a", "b")]), "svg", twin=True)


# --- SVG ----------------------------------------------------------------------------------


def test_svg_holds_every_name_and_label(exoc):
    shown = texts(svg_of(exoc, title="Figure 1b"))
    for text in ("S", "S\u2032", "S\u2033", "knowledge", "{White, Black, Asian}", "Figure 1b"):
        assert text in shown


def test_svg_has_a_title_and_a_description(exoc):
    root = svg_of(exoc, title="Figure 1b")
    assert root.find(f"{SVG}title").text == "Figure 1b"
    assert "K \u2192 G" in root.find(f"{SVG}desc").text
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    assert set(root.get("aria-labelledby").split()) <= ids


def test_svg_has_a_legend_of_the_roles_that_occur(exoc, front_door):
    assert {"sensitive", "latent", "auxiliary (unobserved)"} <= set(texts(svg_of(exoc)))
    shown = texts(svg_of(front_door))
    assert "unmeasured common cause" in shown
    assert "latent" not in shown


def test_auto_follows_the_viewer_and_a_fixed_theme_does_not(exoc):
    auto = draw(exoc, "svg").decode()
    assert "prefers-color-scheme: dark" in auto
    assert LIGHT["ground"] in auto
    assert DARK["ground"] in auto
    dark = draw(exoc, "svg", theme="dark").decode()
    assert "prefers-color-scheme" not in dark
    assert LIGHT["ground"] not in dark


@pytest.mark.parametrize("how", [{}, {"do": ["S"]}, {"twin": True}])
def test_every_colour_class_has_a_rule_and_every_variable_a_value(exoc, how):
    root = svg_of(exoc, **how)
    style = root.find(f"{SVG}style").text
    used = {c for e in root.iter() for c in (e.get("class") or "").split() if c[:2] in ("f-", "s-")}
    assert used == set(re.findall(r"\.([fs]-[a-z-]+) \{", style))
    for block in re.findall(r"\{ (--[^}]*)\}", style):
        assert set(re.findall(r"var\((--[a-z-]+)\)", style)) == set(
            re.findall(r"(--[a-z-]+):", block)
        )


def test_markup_in_labels_stays_text(hostile):
    root = svg_of(hostile)
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    assert any("</svg>" in (text or "") for text in texts(root))


def test_do_draws_no_arrow_into_its_target(exoc):
    arrows = tips(svg_of(exoc, do=["S"]), "arrow")
    assert "S' \u2192 S" not in arrows
    assert "S \u2192 G" in arrows


def test_do_gives_its_target_a_second_border(exoc):
    def borders(root):
        (node,) = [
            g
            for g in root.iter(f"{SVG}g")
            if g.get("class") == "node" and g.find(f"{SVG}title").text.startswith("S \u2014")
        ]
        return len(node.findall(f"{SVG}path"))

    assert borders(svg_of(exoc)) == 1
    assert borders(svg_of(exoc, do=["S"])) == 2


def test_the_twin_shows_three_columns_and_both_copies(exoc):
    shown = texts(svg_of(exoc, twin=True))
    assert {"factual", "shared", "counterfactual", "G", "G*", "U_G", "set by do"} <= set(shown)


def test_pictures_in_one_page_do_not_share_classes(exoc, front_door):
    assert svg_of(exoc).get("class") != svg_of(front_door).get("class")


@pytest.mark.parametrize("show", [thaw, lambda graph: twin(graph, "S")], ids=["plain", "twin"])
def test_everything_lies_on_the_page(exoc, show):
    scene = build_scene(show(exoc), "a title that is a good deal wider than the graph itself is")
    picture = compose(scene, layered_layout(scene))
    for mark in picture.marks:
        for item in mark.items:
            is_text = isinstance(item, Words)
            points = [item.place] if is_text else [p for _, ps in item.path for p in ps]
            assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in points)


def test_long_lists_are_cut_in_the_description():
    graph = nx.DiGraph([("a", f"v{i}") for i in range(500)])
    assert "and 441 more" in describe(build_scene(graph))
    assert len(describe(build_scene(graph))) < 2000


# --- PNG and PDF --------------------------------------------------------------------------


def test_png_has_twice_the_size_of_the_svg(front_door):
    pixels = imread(io.BytesIO(draw(front_door, "png")))
    root = svg_of(front_door)
    assert abs(pixels.shape[1] - 2 * float(root.get("width"))) <= 2
    assert abs(pixels.shape[0] - 2 * float(root.get("height"))) <= 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_png_has_an_explicit_ground(front_door, theme):
    pixels = imread(io.BytesIO(draw(front_door, "png", theme=theme)))
    ground = (LIGHT if theme == "light" else DARK)["ground"]
    wanted = [int(ground[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    np.testing.assert_allclose(pixels[2, 2, :3], wanted, atol=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_png_writes_names_and_borders_where_svg_does(exoc, theme):
    pixels = imread(io.BytesIO(draw(exoc, "png", theme=theme, title="Figure 1b")))[:, :, :3]
    colours = DARK if theme == "dark" else LIGHT
    scene = build_scene(exoc, "Figure 1b")
    picture = compose(scene, layered_layout(scene))
    for words in (item for mark in picture.marks for item in mark.items if isinstance(item, Words)):
        x, y, size = *words.place, words.size
        left, right = (x - size, x + size) if words.middle else (x, x + 2 * size)
        patch = pixels[int(2 * y - 1.5 * size) : int(2 * y), int(2 * left) : int(2 * right)]
        ink = [int(colours[words.colour][i : i + 2], 16) / 255 for i in (1, 3, 5)]
        assert (np.abs(patch - ink).max(axis=2) < 0.15).sum() > 8, words.text


def test_a_very_large_png_is_scaled_down(monkeypatch, exoc):
    monkeypatch.setattr("causaldsl.drawing.raster._MOST_PIXELS", 500)
    pixels = imread(io.BytesIO(draw(exoc, "png")))
    assert 490 <= max(pixels.shape) <= 501


def test_pdf_is_a_pdf_without_a_date(exoc):
    data = draw(exoc, "pdf")
    assert data.startswith(b"%PDF")
    assert b"CreationDate" not in data


def test_texts_fit_their_nodes(exoc):
    for node in build_scene(exoc).nodes:
        for line in node.lines:
            weight = "bold" if line.bold else "normal"
            face = FontProperties(family="DejaVu Sans", weight=weight, size=line.size)
            assert TextPath((0, 0), line.text, prop=face).get_extents().width < node.width - 8


def test_matplotlib_settings_of_the_user_are_left_alone_and_unused(exoc):
    import matplotlib as mpl

    plain = draw(exoc, "png")
    with mpl.rc_context({"font.family": ["monospace"], "lines.linewidth": 9}):
        assert draw(exoc, "png") == plain
        assert mpl.rcParams["font.family"] == ["monospace"]


def test_drawing_svg_imports_no_matplotlib():
    code = (
        "import sys, networkx as nx; from causaldsl.drawing.picture import render;"
        "render(nx.DiGraph([('a', 'b')]), 'svg', use_dot=False);"
        "names = {'matplotlib', 'torch', 'pandas', 'numpy', 'graphviz'};"
        "print(sorted(names & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_drawing_png_starts_no_pyplot():
    code = (
        "import sys, networkx as nx; from causaldsl.drawing.picture import render;"
        "render(nx.DiGraph([('a', 'b')]), 'png', use_dot=False);"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_an_array_shows_its_size_and_a_variable_its_group():
    source = SourceFile(
        path="m.scm",
        text="scm m\nlatent u[3]\nobserved x[2] : real\n"
        "observed y : binary\ngroup g = x, y\nu -> g\n",
    )
    drawn = " ".join(texts(svg_of(pipeline.check_source(source).scm.graph)))
    assert "u[3] real" in drawn
    assert "x[2] real, in g" in drawn
    assert "y binary, in g" in drawn
