"""What text means: one node for each form of the language."""

from __future__ import annotations

import dataclasses

import pytest

from causaldsl.source import SourceFile
from causaldsl.syntax import nodes
from causaldsl.syntax.parser import parse, parse_do, parse_expression, read_source
from causaldsl.syntax.printer import print_expression
from causaldsl.vocabulary.roles import Role


def _program(text):
    program, problems = parse(SourceFile(path="model.scm", text=text))
    assert problems == ()
    return program


def _one(text):
    (statement,) = _program(text).statements
    return statement


def _expression(text):
    expression, problems = parse_expression(text)
    assert problems == ()
    return expression


def _bracketed(expression):
    """Write an expression with every operation in parentheses."""
    match expression:
        case nodes.Binary():
            return f"({_bracketed(expression.left)}{expression.op}{_bracketed(expression.right)})"
        case nodes.Unary():
            return f"(-{_bracketed(expression.operand)})"
        case nodes.By():
            return f"({_bracketed(expression.body)} by {_bracketed(expression.branch)})"
        case _:
            return print_expression(expression)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('scm exoc "title"', nodes.Header),
        ("param gamma = 1.2", nodes.Param),
        ("param act = elu", nodes.Param),
        ("latent u[4]", nodes.VariableDeclaration),
        ("missing drop", nodes.MissingPolicy),
        ("group d = a, b", nodes.GroupDeclaration),
        ("A, B -> C -> D", nodes.Arrows),
        ("A <-> B", nodes.Arrows),
        ("A, B ~ mlp(parents)", nodes.MechanismStatement),
        ("A := exp(B)", nodes.MechanismStatement),
        ("learn b, w[S] : positive = 1", nodes.Learn),
        ("learn b", nodes.Learn),
        ("prior w[S] ~ Normal(0, 1)", nodes.Prior),
        ("guide auto", nodes.Guide),
        ("guide u, v ~ Normal(mlp(x))", nodes.Guide),
        ("coupling independent", nodes.CouplingStatement),
        ("coupling Y ~ independent", nodes.CouplingStatement),
        ("loss elbo(kl=0)", nodes.LossStatement),
        ("loss 0 * elbo()", nodes.LossStatement),
        ("loss fair = 0.2 * mean(abs(E[y] - E[y[a <- a']]))", nodes.LossStatement),
        ("train epochs=100, keep=loss", nodes.Train),
        ("predict Y from K, sampled(u)", nodes.Predict),
        ("query q = P[Y[S <- s'] > 0 | L >= 30, S = Black]", nodes.QueryStatement),
        ("assert not independent(A, (B, C) | D)", nodes.Assert),
        ("assert S -> Y", nodes.Assert),
    ],
)
def test_each_statement_has_its_node(text, kind):
    assert type(_one(text)) is kind


def test_a_declaration_holds_all_its_parts():
    text = (
        'observed x[3], y : {a, "b c"} from log("p", "q") as {"1": a} else drop missing latent "l"'
    )
    node = _one(text)
    assert node.role is Role.OBSERVED
    assert [declared.name.name for declared in node.names] == ["x", "y"]
    assert [len(declared.sizes) for declared in node.names] == [1, 0]
    assert (node.domain.word, node.domain.levels) == ("levels", ("a", "b c"))
    assert (node.columns.names, node.columns.transform.name) == (("p", "q"), "log")
    assert [entry.key for entry in node.recode] == ["1"]
    assert (node.otherwise, node.missing, node.label) == ("drop", "latent", "l")


def test_the_parts_of_a_declaration_may_stand_in_any_order():
    assert _one('observed x "l" else drop from "a"') == _one('observed x from "a" else drop "l"')


def test_ordered_levels_keep_their_order():
    assert _one("observed x : {low < mid < high}").domain.levels == ("low", "mid", "high")


def test_an_image_has_whole_sizes():
    assert _one("outcome x : image[3, 64, 32]").domain.sizes == (3, 64, 32)


def test_columns_may_be_a_range():
    columns = _one('observed x[6] : real from standardize("x1" .. "x6")').columns
    assert (columns.names, columns.last, columns.transform.name) == (("x1",), "x6", "standardize")


def test_the_stops_of_a_chain_are_kept_in_order():
    node = _one("A, B -> C -> D, E1")
    names = [[name.name for name in stop] for stop in node.stops]
    assert names == [["A", "B"], ["C"], ["D", "E1"]]


def test_both_ends_of_a_common_cause_may_be_lists():
    node = _one("A, B <-> C")
    assert (node.bidirected, len(node.stops[0]), len(node.stops[1])) == (True, 2, 1)


def test_a_claim_has_arguments_and_given_names():
    claim = _one("assert independent(S', (K, L) | S, T)").claim
    assert [[name.name for name in names] for names in claim.arguments] == [["S'"], ["K", "L"]]
    assert [name.name for name in claim.given] == ["S", "T"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a - b - c", "((a-b)-c)"),
        ("a / b * c", "((a/b)*c)"),
        ("a + b * c", "(a+(b*c))"),
        ("a ^ b ^ c", "(a^(b^c))"),
        ("-a ^ 2", "(-(a^2))"),
        ("-a * b", "((-a)*b)"),
        ("2 ^ -a", "(2^(-a))"),
        ("2 * f(x) by S", "(2*(f(x) by S))"),
        ("f(x) by S ^ 2", "((f(x) by S)^2)"),
        ("(a + b) * c", "((a+b)*c)"),
        ("a - (b - c)", "(a-(b-c))"),
    ],
)
def test_signs_bind_as_in_the_textbook(text, meaning):
    assert _bracketed(_expression(text)) == meaning


def test_inputs_and_settings_are_told_apart():
    call = _expression("mlp(a, b; hidden=[100], activation=leaky_relu(0.2))")
    assert (len(call.inputs), [s.name for s in call.settings]) == (2, ["hidden", "activation"])


def test_settings_without_inputs_need_no_semicolon():
    call = _expression("elbo(kl=0)")
    assert (call.inputs, [s.name for s in call.settings]) == ((), ["kl"])


def test_an_adversary_learns_one_thing_from_another():
    (argument,) = _expression("adversary(S from (u, v); steps=5)").inputs
    assert (type(argument), type(argument.source)) == (nodes.From, nodes.TupleOf)


def test_an_index_and_a_world_are_told_apart():
    assert type(_expression("t[S]")) is nodes.Index
    assert type(_expression("Y[S <- 1]")) is nodes.World
    assert type(_expression("Y[A ~ Uniform(0, 1)]")) is nodes.World


def test_worlds_nest_and_follow_paths():
    world = _expression("Y[S <- Black along {S -> Y, S -> L -> Y}, L <- L[S <- White]]")
    first, second = world.assignments
    assert [len(path.names) for path in first.along] == [2, 3]
    assert type(second.value) is nodes.World


def test_the_level_of_a_quantile_stands_apart():
    quantile = _expression("Q[Y[A <- 1], 0.9 | Z = 1]")
    assert (len(quantile.body), quantile.level.value, len(quantile.facts)) == (1, 0.9, 1)


def test_keys_of_a_table_are_names_texts_or_numbers():
    table = _expression('{White: 0, "a b": 1, -1: 2, 0.5: 3}')
    assert [entry.key for entry in table.entries] == ["White", "a b", "-1", "0.5"]


def test_a_number_keeps_how_it_was_written():
    number = _expression("1e-3")
    assert (number.value, number.text) == (0.001, "1e-3")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', "a\\b"),
        (r'"\n\t\r"', "\n\t\r"),
        (r'"\u202e"', "\u202e"),
        (r'"\U000e0041"', "\U000e0041"),
        ('"#no comment"', "#no comment"),
        ('"größe 年"', "größe 年"),
    ],
)
def test_texts_have_escapes(written, meant):
    assert _expression(written).value == meant


# --- names and words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["S'", "S''", "größe", "年龄", "x1", "_x", "class", "lambda", "None"]
)
def test_names_are_of_any_script_and_may_end_in_primes(name):
    assert _one(f"observed {name} : real").names[0].name.name == name


@pytest.mark.parametrize("word", ["control", "loss", "group", "outcome", "scm", "train", "guide"])
@pytest.mark.parametrize(
    "text", ["{} -> Y", "{}, a ~ f(x)", "Y ~ f({})", "loss {} = 1", "observed {} : real", "{} := 1"]
)
def test_a_statement_word_is_a_name_elsewhere(word, text):
    assert _program(text.format(word)) == _renamed(_program(text.format("zzz")), word)


def _renamed(node, word):
    if isinstance(node, tuple):
        return tuple(_renamed(item, word) for item in node)
    if isinstance(node, nodes.Name):
        return dataclasses.replace(node, name=node.name.replace("zzz", word))
    if isinstance(node, nodes.Node):
        fields = [field.name for field in dataclasses.fields(node) if field.name != "span"]
        changes = {name: _renamed(getattr(node, name), word) for name in fields}
        return dataclasses.replace(node, **changes)
    return node


# --- lines and comments ---------------------------------------------------------------------


def test_a_line_continues_inside_brackets_and_after_a_comma():
    text = "observed x : {a,\n  b\n}\ntrain a=1,\n   b=[1,\n 2]\nA,\nB -> C"
    assert len(_program(text).statements) == 3


def test_a_bracket_may_hold_blank_lines_and_comments():
    node = _one("Y ~ f(a, # first\n\n  # second\n  b)")
    assert node.comments == ("# first", "# second")
    assert len(node.right.inputs) == 2


def test_a_blank_line_ends_a_statement_that_ends_in_a_comma():
    program, problems = parse(SourceFile(path="m.scm", text="group d = a,\n\nb -> c\n"))
    assert [type(s) for s in program.statements] == [nodes.Arrows]
    assert [p.code for p in problems] == ["CD024"]


def test_comments_belong_to_the_statement_under_them():
    first, second = _program("# one\n#two\n\n#  three\nA -> B # four\n\n# five\nB -> C").statements
    assert (first.comments, first.trailing) == (("# one", "# two", "", "#  three"), "# four")
    assert (second.comments, second.blank_before) == (("# five",), True)


def test_comments_behind_the_last_statement_belong_to_the_file():
    program = _program("A -> B\n\n# end\n\n\n# more\n\n")
    assert program.comments == ("", "# end", "", "# more")


# --- spans ----------------------------------------------------------------------------------


def _spans(node):
    if isinstance(node, tuple):
        for item in node:
            yield from _spans(item)
    elif isinstance(node, nodes.Node):
        yield node
        for field in dataclasses.fields(node):
            if field.name != "span":
                yield from _spans(getattr(node, field.name))


def test_a_span_covers_what_its_node_was_read_from():
    text = "query q = E[abs(Y[S <- s'] - t[S]) | S = 1] * (2 + x)"
    spans = {node.span.text for node in _spans(_one(text))}
    assert {text, "abs(Y[S <- s'] - t[S])", "S <- s'", "t[S]", "S = 1", "(2 + x)", "2"} <= spans


def test_the_name_of_a_call_has_a_span_of_its_own():
    assert _expression(" f (x)").name_span.text == "f"


def test_spans_do_not_matter_for_equality():
    assert _expression("a+b") == _expression("  a  +  b")


# --- the command line -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("S=Black", "set", "Black"),
        ("S=s'", "set", "s'"),
        ("S <- S + 1", "set", "S + 1"),
        ("L=-1", "set", "-1"),
        ('race="Asian-Pac-Islander"', "set", '"Asian-Pac-Islander"'),
        ("A ~ Uniform(0, 1)", "draw", "Uniform(0, 1)"),
        ("S <- Black along S -> Y", "set", "Black"),
        ("S=Black along {S -> Y, S -> L -> Y}", "set", "Black"),
        ("control=1", "set", "1"),
    ],
)
def test_an_intervention_is_read_from_the_command_line(text, kind, value):
    assignment, problems = parse_do(text)
    assert problems == ()
    assert (assignment.kind, print_expression(assignment.value)) == (kind, value)


@pytest.mark.parametrize("text", ["", " ", "S", "S=", "=1", "S=1, L=2", "S ~", "S=(", "S=@", "1=S"])
def test_a_malformed_intervention_is_a_diagnostic(text):
    assignment, problems = parse_do(text)
    assert assignment is None
    assert len(problems) == 1


@pytest.mark.parametrize("text", ["", "a +", "a b", "S = 1", "f(", '"a', "a\x00"])
def test_a_malformed_expression_is_a_diagnostic(text):
    expression, problems = parse_expression(text)
    assert expression is None
    assert len(problems) == 1


# --- files ----------------------------------------------------------------------------------


def test_a_file_is_read_as_utf_8(tmp_path):
    path = tmp_path / "m.scm"
    path.write_bytes("\ufeffscm größe\r\nA -> B\r\n".encode())
    source, problems = read_source(path)
    assert problems == ()
    assert [type(s) for s in parse(source)[0].statements] == [nodes.Header, nodes.Arrows]


def test_bytes_that_are_no_utf_8_are_a_diagnostic(tmp_path):
    path = tmp_path / "m.scm"
    path.write_bytes(b"scm a\nA -> B\xff\n")
    source, (problem,) = read_source(path)
    assert source is None
    assert (problem.code, problem.place) == ("CD002", f"{path}:2")


@pytest.mark.parametrize("name", ["nowhere.scm", ".", "a\x00b"])
def test_a_file_that_cannot_be_opened_is_a_diagnostic(tmp_path, name):
    source, (problem,) = read_source(f"{tmp_path}/{name}")
    assert source is None
    assert problem.code == "CD001"
