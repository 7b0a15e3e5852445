"""Hypothesis strategies for whole programs: every statement and every expression of the language.

What is drawn is what the parser can return: a `Number` is never negative, a `Compare` stands only
inside `E`, `P` and `Q`, and comments are as the parser keeps them.
"""

from __future__ import annotations

from hypothesis import strategies as st

from causaldsl.source import SourceFile, Span
from causaldsl.syntax import nodes
from causaldsl.syntax.tokens import HIDDEN
from causaldsl.vocabulary.roles import Role

NOWHERE = Span(file=SourceFile(path="drawn", text=""), start=0, end=0)

_PLAIN = [
    "S",
    "S'",
    "S''",
    "x",
    "y1",
    "u_r",
    "_a",
    "größe",
    "年龄",
    "race",
    "parents",
    "all",
    "class",
]
# Words of statements, which are names everywhere else.
_SOFT = ["control", "loss", "group", "train", "observed", "scm", "guide", "assert", "independent"]
_LONG = ["a_rather_long_name_that_soon_fills_a_line", "Marital_Status_of_the_respondent"]

words = st.sampled_from(_PLAIN + _SOFT + _LONG)
names = st.builds(nodes.Name, name=words, span=st.just(NOWHERE))
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["Asian-Pac-Islander", "<=50K", "E", "from", 'a "b"', "\\", "x__y", "1", "#"]),
    st.text("ab -", min_size=20, max_size=60),
)
number_texts = st.one_of(
    st.integers(0, 10**12).map(str),
    st.floats(0, 1e300).map(repr),
    st.sampled_from(["0.40", "1.", ".5", "1e-3", "1E6", "007", "2.5e+10"]),
)


def _many(items, least=1, most=4):
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def _make(kind, /, **fields):
    return st.builds(kind, span=st.just(NOWHERE), **fields)


numbers = number_texts.map(lambda t: nodes.Number(value=float(t), text=t, span=NOWHERE))
leaves = st.one_of(numbers, names, _make(nodes.Text, value=texts))


def _calls(inner):
    inputs = st.one_of(inner, inner, _make(nodes.From, target=inner, source=inner))
    return _make(
        nodes.Call,
        name=words,
        inputs=_many(inputs, least=0, most=3),
        settings=_many(settings_of(inner), least=0, most=3),
        name_span=st.just(NOWHERE),
    )


def settings_of(inner):
    """Return the strategy of ``name=value``."""
    return _make(nodes.Setting, name=words, value=inner)


def entries_of(inner):
    """Return the strategy of a table's entries."""
    keys = st.one_of(words, texts, number_texts, number_texts.map(lambda t: f"-{t}"))
    return _make(nodes.Entry, key=keys, value=inner)


def _expectations(inner):
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    events = st.one_of(inner, _make(nodes.Compare, op=operators, left=inner, right=inner))
    facts = _many(events, least=0, most=2)
    return st.one_of(
        _make(
            nodes.Expectation, kind=st.sampled_from("EP"), body=_many(events, most=2), facts=facts
        ),
        _make(
            nodes.Expectation,
            kind=st.just("Q"),
            body=events.map(lambda event: (event,)),
            level=inner,
            facts=facts,
        ),
    )


paths = _make(nodes.Path, names=_many(names, most=3))


def assignments_of(inner):
    """Return the strategy of ``S <- value`` and ``S ~ policy``."""
    return _make(
        nodes.Assignment,
        target=names,
        kind=st.sampled_from(["set", "draw"]),
        value=inner,
        along=_many(paths, least=0, most=2),
    )


def _compounds(inner):
    return st.one_of(
        _make(nodes.ListOf, items=_many(inner, least=0)),
        _make(nodes.Table, entries=_many(entries_of(inner), least=0, most=3)),
        _make(nodes.TupleOf, items=_many(inner, least=2, most=3)),
        _make(nodes.Index, base=inner, indices=_many(inner, most=2)),
        _calls(inner),
        _make(nodes.Unary, op=st.just("-"), operand=inner),
        _make(nodes.Binary, op=st.sampled_from("+-*/^"), left=inner, right=inner),
        _make(nodes.By, body=inner, branch=inner),
        _make(nodes.World, base=inner, assignments=_many(assignments_of(inner), most=2)),
        _expectations(inner),
    )


expressions = st.recursive(leaves, _compounds, max_leaves=10)
assignments = assignments_of(expressions)

# --- statements -----------------------------------------------------------------------------

_comment_tails = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20
).map(lambda text: HIDDEN.sub("", text).rstrip())
comments = _comment_tails.map(lambda text: f"# {text}".rstrip())


@st.composite
def _comment_blocks(draw):
    """Draw comments with single blank lines between some of them."""
    block: list[str] = []
    for comment in draw(st.lists(comments, max_size=3)):
        block.append(comment)
        if draw(st.booleans()):
            block.append("")
    return tuple(block)


def _statement(kind, /, **fields):
    return _make(
        kind,
        comments=st.one_of(st.just(()), _comment_blocks()),
        trailing=st.one_of(st.none(), comments),
        blank_before=st.booleans(),
        **fields,
    )


declared = _many(_make(nodes.Declared, name=names, sizes=_many(expressions, least=0, most=2)))
levels = _many(st.one_of(words, texts), most=6)
domains = st.one_of(
    _make(nodes.DomainNode, word=st.sampled_from(["real", "positive", "unit", "count", "binary"])),
    _make(nodes.DomainNode, word=st.just("levels"), levels=levels),
    _make(nodes.DomainNode, word=st.just("ordered"), levels=_many(texts, least=2)),
    _make(
        nodes.DomainNode,
        word=st.just("image"),
        sizes=st.tuples(st.integers(1, 512), st.integers(1, 512), st.integers(1, 512)),
    ),
)
columns = st.one_of(
    _make(nodes.Columns, names=_many(texts), transform=st.none() | names),
    _make(nodes.Columns, names=_many(texts, most=1), last=texts, transform=st.none() | names),
)
policies = st.sampled_from(["error", "drop", "latent"])
claims = st.one_of(
    _make(
        nodes.Claim,
        kind=st.sampled_from(["independent", "path", "identified"]),
        arguments=_many(_many(names, most=3), most=3),
        given=_many(names, least=0, most=3),
    ),
    _make(
        nodes.Claim,
        kind=st.just("arrow"),
        arguments=st.tuples(_many(names, most=2), _many(names, most=2)),
    ),
)

statements = st.one_of(
    _statement(nodes.Header, name=names, title=st.none() | texts),
    _statement(nodes.Param, name=names, value=expressions),
    _statement(
        nodes.VariableDeclaration,
        role=st.sampled_from(Role),
        names=declared,
        domain=st.none() | domains,
        columns=st.none() | columns,
        recode=st.none() | _many(entries_of(leaves), least=0),
        otherwise=st.sampled_from([None, "drop", "error"]),
        missing=st.none() | policies,
        label=st.none() | texts,
    ),
    _statement(nodes.MissingPolicy, policy=policies),
    _statement(nodes.GroupDeclaration, name=names, members=_many(names, most=8)),
    _statement(nodes.Arrows, stops=_many(_many(names), least=2)),
    _statement(
        nodes.Arrows,
        stops=st.tuples(_many(names), _many(names)),
        bidirected=st.just(True),
    ),
    _statement(
        nodes.MechanismStatement,
        targets=_many(names),
        kind=st.sampled_from(["~", ":="]),
        right=expressions,
    ),
    _statement(
        nodes.Learn, names=declared, domain=st.none() | domains, start=st.none() | expressions
    ),
    _statement(nodes.Prior, names=declared, right=expressions),
    _statement(nodes.Guide, targets=st.just(()), right=names),
    _statement(nodes.Guide, targets=_many(names), right=expressions),
    _statement(nodes.CouplingStatement, targets=_many(names, least=0), word=names),
    _statement(nodes.LossStatement, name=st.none() | names, value=expressions),
    _statement(nodes.Train, settings=_many(settings_of(expressions))),
    _statement(nodes.Predict, target=names, features=_many(expressions)),
    _statement(nodes.QueryStatement, name=names, value=expressions),
    _statement(nodes.Assert, claim=claims, negated=st.booleans()),
)


@st.composite
def programs(draw):
    """Draw a whole file that can be parsed; what it means is not looked at."""
    lines = tuple(draw(st.lists(statements, max_size=6)))
    end = list(draw(_comment_blocks()))
    while end and end[-1] == "":
        end.pop()
    if end and lines and draw(st.booleans()):
        end.insert(0, "")
    return nodes.Program(statements=lines, comments=tuple(end), span=NOWHERE)
