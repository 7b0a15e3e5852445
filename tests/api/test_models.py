"""Models as values: what they hold, what they show, and how mistakes of the caller end."""

import networkx as nx
import pytest

import causaldsl
from causaldsl import CausalDslError, DataError, InferenceError, ModelError

WRONG = "scm m\nsensitive race : {a, b}\noutcome Y : real\nrace -> Y\nY ~ Normal(linear(raec), 1)\n"


def test_a_model_is_loaded_from_a_file_with_its_params_set(tmp_path):
    path = tmp_path / "m.scm"
    path.write_text("scm m\nparam gamma = 1\nobserved X : real\nX ~ Normal(gamma, 1)\n")
    assert causaldsl.load(path, gamma=3).scm.hyper["gamma"].value == 3
    assert causaldsl.load(str(path)).scm.hyper["gamma"].value == 1


def test_the_graph_is_a_copy_down_to_its_attributes(numbered):
    graph = numbered.graph
    assert isinstance(graph, nx.DiGraph)
    graph.nodes["S"].clear()
    graph.remove_node("X")
    assert set(numbered.graph.nodes) == {"S", "X", "Y"}
    assert numbered.graph.nodes["S"]


@pytest.mark.parametrize(
    ("fmt", "start"), [("svg", b"<"), ("dot", b"digraph"), ("mermaid", b"---\n")]
)
def test_a_model_is_drawn(numbered, fmt, start):
    assert numbered.draw(fmt, do="S", use_dot=False).startswith(start)


def test_a_model_shows_its_graph_in_a_notebook(numbered):
    shown = numbered._repr_html_()
    assert "<svg" in shown
    assert "numbered" in shown


def test_a_compiled_model_holds_its_text_and_the_loaded_module(numbered):
    compiled = numbered.compile()
    assert compiled.text.startswith('"""numbered')
    assert compiled.module.NAME == "numbered"


# --- mistakes -------------------------------------------------------------------------------


def test_an_error_carries_its_diagnostics_and_reads_well():
    with pytest.raises(ModelError) as caught:
        causaldsl.loads(WRONG)
    (finding,) = caught.value.diagnostics
    assert finding.code == "CD102"
    assert str(caught.value).startswith("error[CD102]: unknown")
    assert "did you mean `race`" in caught.value.explanation
    assert "5 | Y ~ Normal(linear(raec), 1)" in caught.value.explanation


def test_a_notebook_shows_the_explanation_in_place_of_a_traceback():
    with pytest.raises(CausalDslError) as caught:
        causaldsl.loads(WRONG)
    shown = caught.value._render_traceback_()
    assert shown[0] == "ModelError"
    assert any("did you mean" in line for line in shown)


def test_a_file_that_is_not_there_is_a_model_error():
    with pytest.raises(ModelError, match="CD001"):
        causaldsl.load("nowhere.scm")


def test_an_unknown_param_is_a_model_error_with_a_suggestion():
    with pytest.raises(ModelError) as caught:
        causaldsl.loads("scm m\nparam gamma = 1\nobserved X : real\n", gama=2)
    assert "did you mean `gamma`" in caught.value.explanation


@pytest.mark.parametrize("text", [5, None, b"scm m"])
def test_a_text_of_another_type_is_a_type_error(text):
    with pytest.raises(TypeError):
        causaldsl.loads(text)


def test_a_path_of_another_type_is_a_type_error():
    with pytest.raises(TypeError):
        causaldsl.load(5)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"fmt": "bmp"}, ValueError),
        ({"theme": "neon"}, ValueError),
        ({"do": 5}, TypeError),
        ({"do": [5]}, TypeError),
        ({"do": "Q"}, causaldsl.CounterfactualError),
        ({"colour": "red"}, TypeError),
    ],
)
def test_a_wrong_option_of_a_picture_is_refused(numbered, options, error):
    with pytest.raises(error):
        numbered.draw(**options)


# --- simulation -----------------------------------------------------------------------------


def test_rows_are_drawn_by_their_seed(numbered):
    first, again, other = (numbered.simulate(5, seed) for seed in (1, 1, 2))
    assert list(first.columns) == ["S", "X", "Y"]
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize(
    "do",
    ["S=b-c", 'S="b-c"', "S <- b-c", ["S=b-c"], {"S": "b-c"}],
)
def test_a_level_that_is_no_plain_name_needs_no_quotes(numbered, do):
    assert set(numbered.simulate(4, do=do)["S"]) == {"b-c"}


def test_a_level_with_a_comma_is_one_level_in_a_mapping(numbered):
    assert set(numbered.simulate(4, do={"S": "d, e"})["S"]) == {"d, e"}


def test_several_interventions_stand_in_one_text_or_in_several(numbered):
    one = numbered.simulate(4, do="S=a, X=2")
    assert one.equals(numbered.simulate(4, do=["S=a", "X=2"]))
    assert one.equals(numbered.simulate(4, do={"S": "a", "X": 2}))
    assert set(one["X"]) == {2.0}


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((0,), {}, ValueError),
        ((-1,), {}, ValueError),
        ((2.5,), {}, TypeError),
        (("3",), {}, TypeError),
        ((True,), {}, TypeError),
        ((3, -1), {}, ValueError),
        ((3, 1.5), {}, TypeError),
        ((3, 2**70), {}, ValueError),
        ((3,), {"do": 5}, TypeError),
        ((3,), {"do": "S=z"}, causaldsl.CounterfactualError),
        ((3,), {"do": "S ="}, causaldsl.CounterfactualError),
        ((3,), {"do": "S=s'"}, causaldsl.CounterfactualError),
        ((3,), {"do": {"X": float("nan")}}, causaldsl.CounterfactualError),
        ((3,), {"do": "X ~ Normal(0, -1)"}, causaldsl.CounterfactualError),
        ((3,), {"do": "X <- exp()"}, causaldsl.CounterfactualError),
        ((3,), {"do": "X <- S + 1"}, causaldsl.CounterfactualError),
        ((3,), {"do": "X <- exp(1000)"}, causaldsl.CounterfactualError),
        ((3,), {"world": "S=a"}, TypeError),
    ],
)
def test_a_wrong_simulation_is_refused(numbered, arguments, options, error):
    with pytest.raises(error):
        numbered.simulate(*arguments, **options)


def test_a_model_with_numbers_to_learn_is_neither_simulated_nor_asked(frame):
    model = causaldsl.loads("scm m\nobserved G : real\n")
    with pytest.raises(InferenceError, match="CD607"):
        model.simulate(3)
    with pytest.raises(InferenceError, match="CD607"):
        model.counterfactual(frame, "G=1")


def test_a_numbered_model_answers_without_a_fit(numbered):
    rows = numbered.simulate(6, seed=3)
    answer = numbered.counterfactual(rows, "X <- X + 1")
    moved = answer.frame.sort_values("row")["Y"].to_numpy() - rows["Y"].to_numpy()
    assert moved == pytest.approx([2.0] * 6)
    assert "additive" in answer.head
    assert "nothing was fitted" in answer.head


def test_a_table_without_a_column_is_a_data_error(numbered):
    with pytest.raises(DataError, match="CD507"):
        numbered.counterfactual({"S": ["a"], "X": [1.0]}, "S=a")
