"""What a checked model asks of a table: for each observed variable its columns and its rules.

A schema is derived from the model alone, without a table, and is plain data: it is saved with a
fit, and importing it needs neither torch nor pandas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from causaldsl.semantics.model import ColumnBinding, MissingWord, Scm, Variable, cell_columns
from causaldsl.vocabulary.domains import (
    SCALAR_WORDS,
    Categorical,
    Domain,
    Image,
    Ordered,
)
from causaldsl.vocabulary.roles import Role

TransformWord = Literal["floor", "log", "round", "standardize"]
OtherwiseWord = Literal["drop", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSpec:
    """Where one variable's values come from and what they must be.

    `columns` are names of the table (first and last with `is_range`). A table's value is first
    recoded (`recode`, by its text), then transformed, then read in `domain`. `size` is the number
    of cells of an array, `None` for a scalar.
    """

    variable: str
    role: Role
    domain: Domain
    size: int | None = None
    columns: tuple[str, ...]
    is_range: bool = False
    transform: TransformWord | None = None
    recode: Mapping[str, str] | None = None
    otherwise: OtherwiseWord = "error"
    missing: MissingWord = "error"

    @property
    def width(self) -> int:
        """How many columns the variable takes."""
        return 1 if self.size is None else self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The column specifications of a model's observed variables, in topological order."""

    name: str
    variables: Mapping[str, ColumnSpec] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as JSON values."""
        return {
            "name": self.name,
            "variables": [_spec_to_dict(spec) for spec in self.variables.values()],
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Schema:
        """Return the schema that `to_dict` wrote.

        Raises
        ------
        ValueError
            If the values are no schema.
        """
        try:
            specs = [_spec_from_dict(entry) for entry in values["variables"]]
            name = str(values["name"])
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError("this is no schema") from error
        return Schema(name=name, variables=MappingProxyType({s.variable: s for s in specs}))


def schema_of(scm: Scm) -> Schema:
    """Return what a model asks of a table."""
    specs = {v.name: _spec(v) for v in scm.variables.values() if v.is_observed}
    return Schema(name=scm.name, variables=MappingProxyType(specs))


def _spec(variable: Variable) -> ColumnSpec:
    binding = variable.binding or ColumnBinding(columns=())
    return ColumnSpec(
        variable=variable.name,
        role=variable.role,
        domain=variable.domain,
        size=variable.size,
        columns=binding.columns or _own_columns(variable),
        is_range=binding.is_range,
        transform=binding.transform,
        recode=None if binding.recode is None else MappingProxyType(dict(binding.recode)),
        otherwise=binding.otherwise,
        missing=variable.missing,
    )


def _own_columns(variable: Variable) -> tuple[str, ...]:
    # no `from`: the column of the same name
    if variable.size is None:
        return (variable.name,)
    return cell_columns(variable.name, variable.size)


def expand_range(spec: ColumnSpec) -> tuple[str, ...]:
    """Return the column names of a specification without a table to look them up in.

    ``"x7" .. "x25"`` counts up where both ends are one stem and a number; other ranges are named
    after their first column.
    """
    if not spec.is_range:
        return spec.columns
    ends = [re.fullmatch(r"(.*?)(\d+)", name, re.ASCII | re.DOTALL) for name in spec.columns]
    if all(ends) and len({end[1] for end in ends if end}) == 1:
        first, last = (int(end[2]) for end in ends if end)
        if last - first + 1 == spec.width:
            stem = ends[0][1] if ends[0] else ""
            return tuple(f"{stem}{i}" for i in range(first, last + 1))
    inner = tuple(f"{spec.columns[0]}.{i}" for i in range(2, spec.width))
    return (spec.columns[0], *inner, spec.columns[-1])[: spec.width]


# --- JSON -----------------------------------------------------------------------------------


def domain_to_dict(domain: Domain) -> dict[str, Any]:
    """Return a domain as JSON values."""
    match domain:
        case Categorical(levels):
            return {"kind": "categorical", "levels": list(levels)}
        case Ordered(levels):
            return {"kind": "ordered", "levels": list(levels)}
        case Image(channels, height, width):
            return {"kind": "image", "shape": [channels, height, width]}
        case _:
            return {"kind": str(domain)}


def domain_from_dict(values: Mapping[str, Any]) -> Domain:
    """Return the domain that `domain_to_dict` wrote; `ValueError` if it is none."""
    kind = values["kind"]
    if kind == "categorical":
        return Categorical(tuple(map(str, values["levels"])))
    if kind == "ordered":
        return Ordered(tuple(map(str, values["levels"])))
    if kind == "image":
        channels, height, width = (int(n) for n in values["shape"])
        return Image(channels, height, width)
    if kind not in SCALAR_WORDS:
        raise ValueError(f"unknown domain {kind!r}")
    return SCALAR_WORDS[kind]


def _spec_to_dict(spec: ColumnSpec) -> dict[str, Any]:
    return {
        "variable": spec.variable,
        "role": spec.role.value,
        "domain": domain_to_dict(spec.domain),
        "size": spec.size,
        "columns": list(spec.columns),
        "is_range": spec.is_range,
        "transform": spec.transform,
        # pairs, not an object: the order of the author's table is kept by every JSON reader
        "recode": None if spec.recode is None else [list(p) for p in spec.recode.items()],
        "otherwise": spec.otherwise,
        "missing": spec.missing,
    }


def _spec_from_dict(values: Mapping[str, Any]) -> ColumnSpec:
    recode = values["recode"]
    return ColumnSpec(
        variable=str(values["variable"]),
        role=Role(values["role"]),
        domain=domain_from_dict(values["domain"]),
        size=None if values["size"] is None else int(values["size"]),
        columns=tuple(map(str, values["columns"])),
        is_range=bool(values["is_range"]),
        transform=_word(values["transform"], (None, "floor", "log", "round", "standardize")),
        recode=None if recode is None else MappingProxyType({str(k): str(v) for k, v in recode}),
        otherwise=_word(values["otherwise"], ("drop", "error")),
        missing=_word(values["missing"], ("error", "drop", "latent")),
    )


def _word(value: Any, allowed: tuple[Any, ...]) -> Any:  # noqa: ANN401  (one of the words)
    if value not in allowed:
        raise ValueError(f"unknown word {value!r}")
    return value
