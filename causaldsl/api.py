"""The Python API: models, fits and counterfactuals as objects, thin over `pipeline`.

Every object shows itself in a notebook: a model by its graph, a fit by its summary,
counterfactuals by what they rest on and their table.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causaldsl import pipeline
from causaldsl.diagnostics.model import Diagnostic, ModelError
from causaldsl.diagnostics.progress import ProgressCallback, silent
from causaldsl.source import SourceFile

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from causaldsl.counterfactual.result import CounterfactualResult
    from causaldsl.drawing.picture import Format
    from causaldsl.fairness.audit import FairnessReport
    from causaldsl.inference.fitted import FitResult, FittedScm
    from causaldsl.runtime.load import CompiledScm
    from causaldsl.semantics.model import Scm


def load(path: str | Path, **overrides: object) -> Model:
    """Return the checked model of a `.scm` file.

    Parameters
    ----------
    path
        The file.
    overrides
        Values of its `param` lines, such as ``gamma=2``.

    Raises
    ------
    ModelError
        With every finding, when the model is wrong.

    Examples
    --------
    >>> model = load("models/fair_k.scm")
    >>> sorted(model.graph.edges)[0]
    ('K', 'G')
    """
    return _model(pipeline.check_file(path, overrides))


def loads(text: str, name: str = "<text>", **overrides: object) -> Model:
    """Return the checked model of a text; `load` for a string."""
    return _model(pipeline.check_source(SourceFile(path=name, text=text), overrides))


def load_fit(path: str | Path) -> Fit:
    """Return a saved fit. Nothing in the file is executed or unpickled.

    Raises
    ------
    InferenceError
        When the file is damaged, newer than this version, or no fit.
    """
    return Fit(fitted=pipeline.load_fit(path))


def _model(checked: pipeline.Checked) -> Model:
    if checked.scm is None:
        raise ModelError(checked.diagnostics)
    return Model(scm=checked.scm, diagnostics=checked.diagnostics)


def _do(do: str | Sequence[str] | Mapping[str, object]) -> list[str]:
    """Return interventions as texts: ``"S=Black"``, several of them, or ``{"S": "Black"}``."""
    if isinstance(do, str):
        return [do]
    if isinstance(do, Mapping):
        return [f"{name}={_value(value)}" for name, value in do.items()]
    return list(do)


def _value(value: object) -> str:
    text = str(value)
    plain = text.replace("'", "").replace("_", "").isalnum() or isinstance(value, int | float)
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A checked model: draw it, compile it, fit it, simulate from it, ask it."""

    scm: Scm
    diagnostics: tuple[Diagnostic, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.scm.name

    @property
    def graph(self) -> nx.DiGraph[str]:
        """A copy of the DAG, with roles as node attributes; changing it changes nothing here."""
        import networkx as nx

        return nx.DiGraph(self.scm.graph)

    def draw(self, fmt: Format = "svg", **options: Any) -> bytes:  # noqa: ANN401 (passed on as they are)
        """Return a picture: svg, png, pdf, dot or mermaid; options as in `pipeline.draw`."""
        return pipeline.draw(self.scm, fmt, **options)

    def compile(self) -> CompiledScm:
        """Return the compiled model: ``.text`` is the Pyro module, ``.module`` it loaded."""
        return pipeline.compile_scm(self.scm)

    def fit(
        self,
        frame: object,
        *,
        method: str = "svi",
        progress: ProgressCallback = silent,
        **words: object,
    ) -> Fit:
        """Return the model fitted to a table.

        Parameters
        ----------
        frame
            A pandas, polars or Arrow table, a dict of columns, or a path.
        method
            ``svi`` or ``nuts``.
        words
            What is said on top of the file's `train` line, such as ``epochs=200, seed=1``.
        """
        return Fit(
            fitted=pipeline.fit(self.scm, frame, words=words, method=method, progress=progress)
        )

    def simulate(
        self,
        n: int,
        seed: int = 0,
        *,
        do: str | Sequence[str] | Mapping[str, object] = (),
        worlds: str | Sequence[str] | Mapping[str, object] = (),
        latents: bool = False,
    ) -> pd.DataFrame:
        """Return rows drawn from a model whose file gives every number."""
        return pipeline.simulate(
            self._answerer(), n, seed, do=_do(do), worlds=_do(worlds), latents=latents
        )

    def counterfactual(
        self,
        frame: object,
        do: str | Sequence[str] | Mapping[str, object],
        **options: Any,  # noqa: ANN401 (passed on as they are)
    ) -> Counterfactuals:
        """Return counterfactuals of a numbered model; one with numbers to learn is refused."""
        return _counterfactuals(self._answerer(), frame, do, options)

    def _answerer(self) -> pipeline.Answerer:
        if pipeline.is_numbered(self.scm):
            return pipeline.numbered(self.scm)
        from causaldsl.diagnostics.model import InferenceError
        from causaldsl.inference.findings import needs_a_table

        raise InferenceError([needs_a_table(self.scm.name)])

    def _repr_html_(self) -> str:
        picture = self.draw("svg", use_dot=False).decode()
        title = html.escape(self.scm.title or "")
        return f"<div><strong>{html.escape(self.name)}</strong> {title}<br>{picture}</div>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted model: ask it, predict by it, audit it, save it."""

    fitted: FittedScm

    @property
    def model(self) -> Model:
        """The model that was fitted."""
        return Model(scm=self.fitted.compiled.scm)

    @property
    def result(self) -> FitResult:
        """How the fit went: curves, convergence, ELBO, latents, boundaries."""
        return self.fitted.result

    @property
    def params(self) -> dict[str, Any]:
        """The learned parameters as numpy arrays, in the encoded unit."""
        return {name: value.numpy() for name, value in self.fitted.params.items()}

    @property
    def summary(self) -> str:
        """The fit in a few lines."""
        from causaldsl.reports.fit_text import fit_lines

        return "\n".join(fit_lines(self.fitted))

    def save(self, path: str | Path) -> None:
        """Write one file: text, manifest and weights, no pickle."""
        pipeline.save_fit(self.fitted, path)

    def counterfactual(
        self,
        frame: object,
        do: str | Sequence[str] | Mapping[str, object],
        **options: Any,  # noqa: ANN401 (passed on as they are)
    ) -> Counterfactuals:
        """Return what each row would have been in the worlds of `do`.

        Parameters
        ----------
        frame
            The rows.
        do
            ``"S=Black"``, ``"S=s'"``, several of them, or ``{"S": "Black"}``.
        options
            ``evidence``, ``draws``, ``seed``, ``engine``, ``objective``: see
            `pipeline.counterfactual`.
        """
        return _counterfactuals(pipeline.answerer_of(self.fitted), frame, do, options)

    def predict(self, frame: object) -> pd.DataFrame:
        """Return each ``predict`` line's predictions; the outcome is not read."""
        return pipeline.predict(self.fitted, frame)

    def audit(self, frame: object, **options: Any) -> FairnessReport:  # noqa: ANN401 (passed on)
        """Return the fairness report of the fit's predictors beside the baselines."""
        return pipeline.audit(self.fitted, frame, **options)

    def simulate(
        self,
        n: int,
        seed: int = 0,
        **options: Any,  # noqa: ANN401 (passed on as they are)
    ) -> pd.DataFrame:
        """Return rows drawn from the fitted model."""
        return pipeline.simulate(pipeline.answerer_of(self.fitted), n, seed, **options)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary)}</pre>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactuals:
    """Counterfactuals of some rows, and what they rest on."""

    result: CounterfactualResult
    answerer: pipeline.Answerer = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each input row and world: ``row, world, V, V_sd, V_q05, V_q95``."""
        return pipeline.counterfactual_frame(self.result, self.answerer)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the numbers rest on."""
        return self.result.assumptions

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings of the fit, the table and the abduction."""
        return self.answerer.findings

    @property
    def head(self) -> str:
        """What was asked and what the numbers rest on, as text."""
        from causaldsl.reports.worlds_text import head_lines

        name = self.answerer.compiled.scm.name
        return "\n".join(head_lines(self.result, name, self.answerer.remarks))

    def _repr_html_(self) -> str:
        table = self.frame.head(20).to_html(index=False, float_format=lambda v: f"{v:.4g}")
        return f"<pre>{html.escape(self.head)}</pre>{table}"


def _counterfactuals(
    answerer: pipeline.Answerer,
    frame: object,
    do: str | Sequence[str] | Mapping[str, object],
    options: Mapping[str, Any],
) -> Counterfactuals:
    result, answered = pipeline.counterfactual(answerer, frame, _do(do), **options)
    return Counterfactuals(result=result, answerer=answered)
