"""Model files as what a comparison asks for: fitted on some rows, judged in their own worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causaldsl.counterfactual.action import Flip, Intervention
from causaldsl.counterfactual.assumptions import couplings_of
from causaldsl.counterfactual.engine import world_draws
from causaldsl.data.encoded import EncodedData
from causaldsl.data.encoding import Encoding
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.diagnostics.progress import ProgressCallback
from causaldsl.fairness.predictor import Columns, Roles, no_groups
from causaldsl.fairness.worlds import CounterfactualRows, World
from causaldsl.inference.fitted import FittedScm
from causaldsl.mitigation.abducted import features_of, roles_of, tensor_of
from causaldsl.mitigation.design import bad_features
from causaldsl.mitigation.from_scm import ScmFeatures
from causaldsl.runtime.load import CompiledScm
from causaldsl.semantics.model import Scm
from causaldsl.vocabulary.domains import Binary, Categorical, Image, Ordered, levels_of

#: Fits a compiled model on encoded rows.
Fit = Callable[[CompiledScm, EncodedData, int, ProgressCallback], FittedScm]


def sensitive_with_levels(scm: Scm, roles: Roles) -> tuple[str, ...]:
    """Return the sensitive variables that worlds are made of.

    Raises
    ------
    FairnessError
        CD808 where none has levels: there is no list of worlds to compare.
    """
    found = tuple(n for n in roles.sensitive if levels_of(scm.variables[n].domain))
    if not found:
        raise FairnessError([no_groups(n) for n in roles.sensitive])
    return found


def columns_of(data: EncodedData) -> dict[str, Any]:
    """Return encoded rows as arrays ``(N, *event)`` of numbers.

    Raises
    ------
    FairnessError
        CD810 for cells that were not seen: a predictor would take their placeholders for values.
    """
    unseen = {n: int((~mask).sum()) for n, mask in data.observed.items()}
    found = [bad_features(n, bad, data.n_rows) for n, bad in unseen.items() if bad]
    if found:
        raise FairnessError(found)
    return {n: v.to(torch.float64).numpy() for n, v in data.columns.items()}


def encoded_rows(columns: Columns, encoding: Encoding, scm: Scm) -> EncodedData:
    """Return array columns as encoded rows, centre and spread taken from these rows alone.

    The encoding of levels, and an author's own `standardize`, stay as they are.
    """
    tensors = {n: tensor_of(v, scm.variables[n].domain) for n, v in columns.items()}
    n_rows = len(next(iter(tensors.values())))
    statistics = {
        name: _restated(entry, columns[name])
        if _is_numeric(scm, name) and name in columns
        else entry
        for name, entry in encoding.statistics.items()
    }
    return EncodedData(
        columns=MappingProxyType(tensors),
        observed=MappingProxyType(
            {
                n: torch.ones(tensors[n].shape, dtype=torch.bool)
                for n in tensors
                if scm.variables[n].missing == "latent"
            }
        ),
        n_rows=n_rows,
        row_ids=torch.arange(n_rows),
        encoding=replace(encoding, statistics=MappingProxyType(statistics)),
    )


def _is_numeric(scm: Scm, name: str) -> bool:
    return not isinstance(scm.variables[name].domain, Binary | Categorical | Image | Ordered)


def _restated(entry: Any, values: Any) -> Any:  # noqa: ANN401 (statistics of one column)
    cells = np.asarray(values).reshape(len(values), -1).T
    sds = [float(np.std(cell)) for cell in cells]
    centre = tuple(float(np.mean(cell)) for cell in cells)
    return replace(entry, centre=centre, spread=tuple(sd if sd > 0 else 1.0 for sd in sds))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScmModel:
    """A fitted model as a judge and as a source of predictors."""

    compiled: CompiledScm = field(repr=False)
    params: Mapping[str, Tensor] = field(repr=False)
    state: Mapping[str, Any] | None = field(repr=False)
    findings: tuple[Diagnostic, ...] = ()
    seed: int = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self.compiled.scm.name

    @property
    def lines(self) -> tuple[ScmFeatures, ...]:
        """The features of its ``predict`` lines."""
        state = self.state or {"params": {}, "constraints": {}}
        return features_of(self.compiled, self.params, state, self.seed)

    def counterfactual_rows(self, columns: Columns, *, draws: int, seed: int) -> CounterfactualRows:
        """Return the rows in every world of the sensitive variables, evidence without outcome."""
        scm = self.compiled.scm
        roles = roles_of(scm)
        evidence = (*roles.sensitive, *roles.features)
        known = {n: tensor_of(columns[n], scm.variables[n].domain) for n in evidence}
        targets = sensitive_with_levels(scm, roles)
        flips = Intervention(
            settings=tuple(Flip(target=t) for t in targets),
            text=", ".join(f"{t} at every level" for t in targets),
        )
        drawn = world_draws(
            self.compiled,
            self.params,
            known,
            flips,
            seed=seed,
            state=self.state,
            variables=scm.observed,
            draws=draws,
        )
        worlds = tuple(
            _world(name, values, targets, columns, scm) for name, values in drawn.worlds.items()
        )
        engines = sorted(set(drawn.engines.values()))
        assumed = (
            f"latents by {', '.join(engines) or 'no engine: there are none'}",
            "parameters fixed at their fitted values",
        )
        return CounterfactualRows(
            model=scm.name,
            factual={n: np.asarray(v, np.float64) for n, v in columns.items()},
            worlds=worlds,
            evidence=evidence,
            couplings=couplings_of(scm, frozenset(scm.observed) - set(targets)),
            draws=draws,
            seed=seed,
            assumptions=assumed,
        )


def _world(
    name: str, values: Mapping[str, Tensor], targets: tuple[str, ...], columns: Columns, scm: Scm
) -> World:
    assignment = {t: float(values[t].reshape(-1)[0]) for t in targets}
    differs = np.zeros(len(next(iter(columns.values()))), dtype=bool)
    for target, value in assignment.items():
        differs |= np.asarray(columns[target]) != value
    drawn = {n: v.to(torch.float64).numpy() for n, v in values.items()}
    return World(name=name, assignment=assignment, columns=drawn, differs=differs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScmSource:
    """A model file to be fitted on any rows of a bound table.

    `compile_again` gives a module of its own for every fit, so that scales of one split never
    reach another.
    """

    scm: Scm = field(repr=False)
    encoding: Encoding = field(repr=False)
    compile_again: Callable[[], CompiledScm] = field(repr=False)
    run_fit: Fit = field(repr=False)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.scm.name

    @property
    def roles(self) -> Roles:
        """Its observed variables, their roles and domains."""
        return roles_of(self.scm)

    def fit(self, columns: Columns, *, seed: int, progress: ProgressCallback) -> ScmModel:
        """Return the model fitted on these rows alone."""
        rows = encoded_rows({n: columns[n] for n in self.scm.observed}, self.encoding, self.scm)
        fitted = self.run_fit(self.compile_again(), rows, seed, progress)
        return ScmModel(
            compiled=fitted.compiled,
            params=fitted.params,
            state=fitted.state,
            findings=fitted.result.diagnostics,
            seed=seed,
        )
