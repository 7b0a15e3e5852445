from __future__ import annotations

import json
import subprocess
import sys

import networkx as nx

from causaldsl.data.schema import ColumnSpec, Schema, expand_range, schema_of
from causaldsl.semantics.model import ColumnBinding, Scm, Stochastic, Training, Variable
from causaldsl.source import SourceFile, Span
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Image,
    Ordered,
    Positive,
    Real,
    UnitInterval,
)
from causaldsl.vocabulary.roles import Role

SOURCE = SourceFile(path="m.scm", text="scm m")
SPAN = Span(file=SOURCE, start=0, end=0)


def variable(name: str, domain, role=Role.OBSERVED, binding=None, size=None) -> Variable:
    return Variable(
        name=name,
        role=role,
        domain=domain,
        size=size,
        parents=(),
        mechanism=Stochastic(family="Normal", arguments={}),
        is_default=True,
        binding=binding,
        missing="drop",
        coupling="additive",
        label=None,
        stand_in=False,
        span=SPAN,
        mechanism_span=SPAN,
    )


def scm(*variables: Variable) -> Scm:
    return Scm(
        name="m",
        title=None,
        hyper={},
        variables={v.name: v for v in variables},
        groups={},
        parameters={},
        graph=nx.DiGraph(),
        guides={},
        default_guide="auto",
        losses=(),
        training=Training(settings={}),
        predictions=(),
        queries=(),
        claims=(),
        source=SOURCE,
    )


def test_a_schema_holds_the_observed_variables_alone_in_order():
    model = scm(
        variable("S", Binary(), Role.SENSITIVE),
        variable("K", Real(), Role.LATENT),
        variable("Y", Real(), Role.OUTCOME),
    )
    assert list(schema_of(model).variables) == ["S", "Y"]


def test_a_binding_is_carried_over_whole():
    binding = ColumnBinding(
        columns=("race",), transform=None, recode={"w": "White"}, otherwise="drop"
    )
    (spec,) = schema_of(
        scm(variable("S", Categorical(("White",)), binding=binding))
    ).variables.values()
    assert spec == ColumnSpec(
        variable="S",
        role=Role.OBSERVED,
        domain=Categorical(("White",)),
        columns=("race",),
        recode={"w": "White"},
        otherwise="drop",
        missing="drop",
    )


def test_without_from_the_column_has_the_variables_name():
    recoded = ColumnBinding(columns=(), recode={"a": "0"})
    model = scm(
        variable("g", Real()), variable("h", Real(), binding=recoded), variable("x", Real(), size=2)
    )
    columns = [spec.columns for spec in schema_of(model).variables.values()]
    assert columns == [("g",), ("h",), ("x1", "x2")]


def test_a_schema_is_the_same_after_json():
    domains = [
        Real(),
        Positive(),
        UnitInterval(),
        Count(),
        Binary(),
        Categorical(("a", 'b"\n')),
        Ordered(("low", "high")),
        Image(3, 8, 9),
    ]
    binding = ColumnBinding(columns=("a", "b"), is_range=True, transform="log", recode={"1": "2"})
    schema = schema_of(
        scm(*(variable(f"v{i}", d, binding=binding, size=2) for i, d in enumerate(domains)))
    )
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_ranges_without_a_table_count_up_or_are_named_after_their_ends():
    def spec(size: int, *columns: str) -> ColumnSpec:
        return ColumnSpec(
            variable="x",
            role=Role.OBSERVED,
            domain=Real(),
            size=size,
            columns=columns,
            is_range=True,
        )

    assert expand_range(spec(3, "x9", "x11")) == ("x9", "x10", "x11")
    assert expand_range(spec(3, "first", "last")) == ("first", "first.2", "last")


def test_importing_the_schema_needs_neither_torch_nor_pandas():
    code = (
        "import sys, causaldsl.data.schema;"
        "sys.exit(bool({'torch', 'pandas', 'pyro', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_writing_a_starter_file_needs_no_torch():
    code = (
        "import sys, causaldsl.data.starter, causaldsl.data.tables, causaldsl.datasets.registry;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
