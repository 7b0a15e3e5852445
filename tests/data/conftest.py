from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import pytest

from causaldsl.data.binding import bind
from causaldsl.data.schema import ColumnSpec, Schema
from causaldsl.diagnostics.model import DataError, Diagnostic
from causaldsl.vocabulary.domains import Domain
from causaldsl.vocabulary.roles import Role


def make_spec(variable: str, domain: Domain, *columns: str, **rules) -> ColumnSpec:
    rules.setdefault("role", Role.OBSERVED)
    return ColumnSpec(variable=variable, domain=domain, columns=columns or (variable,), **rules)


def make_schema(*specs: ColumnSpec) -> Schema:
    return Schema(name="m", variables=MappingProxyType({s.variable: s for s in specs}))


@pytest.fixture
def spec() -> Callable[..., ColumnSpec]:
    return make_spec


@pytest.fixture
def schema() -> Callable[..., Schema]:
    return make_schema


@pytest.fixture
def findings_of() -> Callable[..., list[Diagnostic]]:
    def refuse(table, *specs: ColumnSpec, **options) -> list[Diagnostic]:
        with pytest.raises(DataError) as caught:
            bind(table, make_schema(*specs), **options)
        return list(caught.value.diagnostics)

    return refuse
