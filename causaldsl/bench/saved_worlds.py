"""A saved fit that judges: its counterfactual rows on every split, and no predictor of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from causaldsl.bench.scm_models import ScmModel
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.diagnostics.progress import ProgressCallback
from causaldsl.fairness.predictor import Columns, Roles
from causaldsl.fairness.worlds import CounterfactualRows
from causaldsl.inference.fitted import FittedScm
from causaldsl.mitigation.abducted import roles_of
from causaldsl.mitigation.from_scm import ScmFeatures

#: What a table says of worlds whose model may have seen the rows it judges.
ASSUMED = "a saved fit, the same on every split: the rows it was fitted to may be test rows here"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedWorlds:
    """The worlds of a saved fit, as source and model at once: fitting changes nothing."""

    saved: FittedScm = field(repr=False)

    @property
    def name(self) -> str:
        """The model's name, told apart from a model of that name that is fitted anew."""
        return f"{self.saved.compiled.scm.name} (saved)"

    @property
    def roles(self) -> Roles:
        """Its observed variables, their roles and domains."""
        return roles_of(self.saved.compiled.scm)

    @property
    def lines(self) -> tuple[ScmFeatures, ...]:
        """No predictor: it only judges."""
        return ()

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What its own fit had to say."""
        return self.saved.result.diagnostics

    def fit(self, columns: Columns, *, seed: int, progress: ProgressCallback) -> SavedWorlds:
        """Return itself."""
        del columns, seed, progress
        return self

    def counterfactual_rows(self, columns: Columns, *, draws: int, seed: int) -> CounterfactualRows:
        """Return the rows in every world of the sensitive variables, evidence without outcome."""
        model = ScmModel(
            compiled=self.saved.compiled,
            params=self.saved.params,
            state=self.saved.state,
            seed=self.saved.result.seed,
        )
        rows = model.counterfactual_rows(columns, draws=draws, seed=seed)
        return replace(rows, model=self.name, assumptions=(*rows.assumptions, ASSUMED))
