"""The Python API: models, fits, counterfactuals and reports as objects, thin over `pipeline`.

Every object shows itself in a notebook: a model by its graph, a fit by its tables,
counterfactuals by what they rest on and their table, a report by its document.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from typing_extensions import override

from causaldsl import pipeline
from causaldsl.diagnostics.model import Diagnostic, ModelError
from causaldsl.diagnostics.progress import ProgressCallback, silent
from causaldsl.source import SourceFile

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from causaldsl import worlds
    from causaldsl.answers import Effects, Generated
    from causaldsl.bench.table import FairnessTable
    from causaldsl.counterfactual.result import CounterfactualResult
    from causaldsl.drawing.picture import Format
    from causaldsl.drawing.theme import Theme
    from causaldsl.fairness.audit import FairnessReport
    from causaldsl.fairness.effects import EffectsReport
    from causaldsl.inference.fitted import FitResult, FittedScm
    from causaldsl.pictures import Judgement, Pictures
    from causaldsl.reports.document import Document
    from causaldsl.runtime.load import CompiledScm
    from causaldsl.semantics.model import Scm

Do = str | Sequence[str] | Mapping[str, object]
FORMATS = ("svg", "png", "pdf", "dot", "mermaid")
THEMES = ("auto", "light", "dark")
_SHOWN_ROWS = 20


def load(path: str | Path, /, **overrides: object) -> Model:
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


def loads(text: str, /, name: str = "<text>", **overrides: object) -> Model:
    """Return the checked model of a text; `load` for a string."""
    if not isinstance(text, str):
        raise TypeError(f"the text of a model is a str, not {type(text).__name__}")
    return _model(pipeline.check_source(SourceFile(path=name, text=text), overrides))


def load_fit(path: str | Path) -> Fit:
    """Return a saved fit. Nothing in the file is executed or unpickled.

    Raises
    ------
    InferenceError
        When the file is damaged, newer than this version, or no fit.
    """
    return Fit(fitted=pipeline.load_fit(path))


def compare(
    models: Sequence[str | Path | Model],
    frame: object,
    *,
    seeds: int | Sequence[int] = 5,
    draws: int = 50,
    world: str | None = None,
    epsilon: float | None = None,
    metrics: str | Sequence[str] | None = None,
    name: str = "table",
    progress: ProgressCallback = silent,
    **words: object,
) -> Report:
    """Return several models and the baselines side by side over splits of one table.

    Parameters
    ----------
    models
        Model files, or models. Each is fitted on every split's training rows alone.
    seeds
        How many splits, or the splits' own seeds.
    world
        The name of the model in whose worlds every method is judged; the first by default.
    words
        Words of `train`, such as ``epochs=200``, for every fit.
    """
    if isinstance(models, str | Path | Model):
        models = [models]
    chosen = [m.scm if isinstance(m, Model) else m for m in models]
    table = pipeline.compare(
        chosen, frame,
        seeds=list(range(seeds)) if isinstance(seeds, int) else list(seeds),
        draws=draws, world=world, epsilon=epsilon, metrics=_names(metrics, "metrics"),
        words=words, name=name, progress=progress,
    )  # fmt: skip
    return Report(result=table)


def _model(checked: pipeline.Checked) -> Model:
    if checked.scm is None:
        raise ModelError(checked.diagnostics)
    return Model(scm=checked.scm, diagnostics=checked.diagnostics)


# --- what callers write ---------------------------------------------------------------------


def _do(do: Do) -> list[str]:
    """Return interventions as texts: ``"S=Black"``, several of them, or ``{"S": "Black"}``."""
    if isinstance(do, str):
        return [do]
    if isinstance(do, Mapping):
        return [f"{name} = {_value(value)}" for name, value in do.items()]
    texts: object = do  # callers without a type checker write anything
    if isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts):
        return list(texts)
    raise TypeError('an intervention is "S=Black", a list of such texts, or {"S": "Black"}')


def _value(value: object) -> str:
    """Return a value as the language writes it; a level with a comma needs its quotes."""
    if isinstance(value, bool):
        return str(int(value))
    text = str(value)
    if not any(sign in text for sign in ',"\\\n'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _names(names: str | Sequence[str] | None, what: str) -> list[str] | None:
    """Return names as a list: ``"S, G"`` and ``["S", "G"]`` say the same."""
    if names is None:
        return None
    if isinstance(names, str):
        return [name.strip() for name in names.split(",") if name.strip()]
    given: object = names  # callers without a type checker write anything
    if isinstance(given, list | tuple) and all(isinstance(name, str) for name in given):
        return list(given)
    raise TypeError(f"{what} is a list of names, not {names!r}")


def _one_of(value: str, known: Sequence[str], what: str) -> str:
    if value not in known:
        raise ValueError(f"{what} is one of {', '.join(known)}, not {value!r}")
    return value


# --- models ---------------------------------------------------------------------------------


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
        import copy

        import networkx as nx

        return copy.deepcopy(nx.DiGraph(self.scm.graph))

    def draw(
        self,
        fmt: str = "svg",
        *,
        do: Do = (),
        twin: bool = False,
        theme: str = "auto",
        use_dot: bool | None = None,
    ) -> bytes:
        """Return a picture: svg, png, pdf, dot or mermaid.

        Parameters
        ----------
        do
            Variables that are set, by their names or as in `counterfactual`.
        twin
            Draw the twin network.
        use_dot
            Whether the system's `dot` lays it out; by default where there is one.
        """
        return pipeline.draw(
            self.scm,
            cast("Format", _one_of(fmt, FORMATS, "a picture's format")),
            do=_do(do),
            twin=twin,
            theme=cast("Theme", _one_of(theme, THEMES, "a theme")),
            use_dot=use_dot,
        )

    def compile(self) -> CompiledScm:
        """Return the compiled model: ``.text`` is the Pyro module, ``.module`` it loaded."""
        return pipeline.compile_scm(self.scm)

    def fit(
        self,
        frame: object,
        *,
        method: str = "svi",
        progress: ProgressCallback = silent,
        checkpoint: str | Path | None = None,
        resume: str | Path | None = None,
        **words: object,
    ) -> Fit:
        """Return the model fitted to a table.

        Parameters
        ----------
        frame
            A pandas, polars or Arrow table, a dict of columns, or a path.
        method
            ``svi`` or ``nuts``.
        checkpoint, resume
            Where to keep the state of the run, and which one to go on from.
        words
            What is said on top of the file's `train` line, such as ``epochs=200, seed=1``.
        """
        fitted = pipeline.fit(
            self.scm, frame, words=words, method=method, progress=progress, checkpoint=checkpoint,
            resume=resume,
        )  # fmt: skip
        return Fit(fitted=fitted)

    def simulate(
        self, n: int, seed: int = 0, *, do: Do = (), worlds: Do = (), latents: bool = False
    ) -> pd.DataFrame:
        """Return rows drawn from a model whose file gives every number.

        Parameters
        ----------
        do
            Interventions under which the rows are drawn.
        worlds
            Interventions whose true counterfactuals each row also gets.
        latents
            Also give the unobserved variables.
        """
        return pipeline.simulate(
            self._answerer(), n, seed, do=_do(do), worlds=_do(worlds), latents=latents
        )

    def counterfactual(
        self,
        frame: object,
        do: Do,
        *,
        evidence: str | Sequence[str] | None = None,
        draws: int = 200,
        seed: int = 0,
        engine: str | None = None,
        objective: str | None = None,
        progress: ProgressCallback = silent,
    ) -> Counterfactuals:
        """Return counterfactuals of a numbered model, with the parameters of `Fit.counterfactual`.

        Raises
        ------
        InferenceError
            When there are numbers to learn.
        """
        return _counterfactuals(
            self._answerer(), frame, do, evidence=evidence, draws=draws, seed=seed, engine=engine,
            objective=objective, progress=progress,
        )  # fmt: skip

    def effects(
        self,
        frame: object,
        do: Do,
        *,
        by: str | Sequence[str] | None = None,
        outcome: str | None = None,
        draws: int = 100,
        seed: int = 0,
        engine: str | None = None,
        objective: str | None = None,
        progress: ProgressCallback = silent,
    ) -> Effects:
        """Return effects of a numbered model, with the parameters of `Fit.effects`."""
        report = pipeline.effects(
            self._answerer(), frame, _do(do), by=_names(by, "by") or (),
            outcome=outcome, draws=draws, seed=seed, engine=engine, objective=objective,
            progress=progress,
        )  # fmt: skip
        return _effects(report)

    def generate(
        self,
        frame: object,
        world: str | Mapping[str, object] = "factual",
        *,
        seed: int = 0,
        probabilities: bool = False,
        keep_nondescendants: bool = True,
        engine: str | None = None,
        objective: str | None = None,
        progress: ProgressCallback = silent,
    ) -> Generated:
        """Return rows that a numbered model makes, with the parameters of `Fit.generate`."""
        made = pipeline.generate(
            self._answerer(), frame, ", ".join(_do(world)), seed=seed,
            probabilities=probabilities, keep_nondescendants=keep_nondescendants, engine=engine,
            objective=objective, progress=progress,
        )  # fmt: skip
        return _generated(made)

    def query(
        self, names: str | Sequence[str] | None = None, *, seed: int = 0, n_rows: int = 100_000
    ) -> dict[str, pipeline.QueryAnswer]:
        """Return the values of the file's ``query`` lines, by name, over drawn rows.

        Parameters
        ----------
        names
            Which queries; all of them when not given.
        n_rows
            How many rows are drawn; the Monte Carlo error is in the result.
        """
        return pipeline.query(self._answerer(), _names(names, "names"), seed=seed, n_rows=n_rows)

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


# --- fits -----------------------------------------------------------------------------------


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
    def converged(self) -> bool:
        """Whether the fit settled, its guides with it."""
        return self.fitted.result.converged

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What the fit warns of."""
        return self.fitted.result.diagnostics

    @property
    def params(self) -> dict[str, Any]:
        """The learned parameters as numpy arrays, in the encoded unit."""
        return {name: value.numpy().copy() for name, value in self.fitted.params.items()}

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
        do: Do,
        *,
        evidence: str | Sequence[str] | None = None,
        draws: int = 200,
        seed: int = 0,
        engine: str | None = None,
        objective: str | None = None,
        progress: ProgressCallback = silent,
    ) -> Counterfactuals:
        """Return what each row would have been in the worlds of `do`.

        Parameters
        ----------
        frame
            The rows.
        do
            ``"S=Black"``, ``"S=s'"``, several of them, or ``{"S": "Black"}``.
        evidence
            The variables that count as known; every observed one by default, the outcome too.
        draws
            Draws of each row's posterior.
        engine
            An engine's name; by default the best that applies.
        objective
            ``posterior`` or ``encoder``; by default the posterior where an engine is named, else
            what the model's own objective says.
        """
        return _counterfactuals(
            pipeline.answerer_of(self.fitted), frame, do, evidence=evidence, draws=draws,
            seed=seed, engine=engine, objective=objective, progress=progress,
        )  # fmt: skip

    def effects(
        self,
        frame: object,
        do: Do,
        *,
        by: str | Sequence[str] | None = None,
        outcome: str | None = None,
        draws: int = 100,
        seed: int = 0,
        engine: str | None = None,
        objective: str | None = None,
        progress: ProgressCallback = silent,
    ) -> Effects:
        """Return how much one variable moves the outcome: in total, by strata, in each row.

        Parameters
        ----------
        frame
            The rows.
        do
            ``"a=a'"``: every level against the first; ``"a=1"``: that level against each other.
        by
            Variables with few levels, whose combinations are the strata; none may descend from
            what is set.
        outcome
            The model's own when not given.
        draws
            Draws of each row's latents and noise; both worlds share them.
        objective
            ``posterior`` or ``encoder``; by default the posterior where an engine is named, else
            what the model's own objective says.
        """
        report = pipeline.effects(
            pipeline.answerer_of(self.fitted), frame, _do(do), by=_names(by, "by") or (),
            outcome=outcome, draws=draws, seed=seed, engine=engine, objective=objective,
            progress=progress,
        )  # fmt: skip
        return _effects(report)

    def generate(
        self,
        frame: object,
        world: str | Mapping[str, object] = "factual",
        *,
        seed: int = 0,
        probabilities: bool = False,
        keep_nondescendants: bool = True,
        engine: str | None = None,
        objective: str | None = None,
        progress: ProgressCallback = silent,
    ) -> Generated:
        """Return the rows that the model makes of given ones: latents from each, all else decoded.

        Parameters
        ----------
        frame
            The rows.
        world
            ``factual``, or an intervention: ``"a=1"``, ``"a=a'"``, ``{"a": 1}``.
        probabilities
            Give the means of the mechanisms, in columns of their own names, not drawn values.
        keep_nondescendants
            Whether what does not descend from what is set keeps its factual decoded value.
        objective
            ``posterior`` or ``encoder``; by default the posterior where an engine is named, else
            what the model's own objective says.
        """
        made = pipeline.generate(
            pipeline.answerer_of(self.fitted), frame, ", ".join(_do(world)), seed=seed,
            probabilities=probabilities, keep_nondescendants=keep_nondescendants, engine=engine,
            objective=objective, progress=progress,
        )  # fmt: skip
        return _generated(made)

    def pictures(
        self,
        frame: object,
        do: Do,
        *,
        draws: int | Literal["mean"] = "mean",
        seed: int = 0,
        truth: object | None = None,
        progress: ProgressCallback = silent,
    ) -> Pictures:
        """Return each row's picture as it is, reconstructed, and under one changed level.

        Parameters
        ----------
        frame
            The rows.
        do
            ``"a=a'"``, or one level: ``"a=1"``.
        draws
            ``mean``: the encoder's mean stands for the latents; a number: pictures averaged over
            so many draws of the encoder.
        truth
            The true counterfactuals where they are known, to be shown beside: a column of the
            rows, or pictures ``(N, c, h, w)``.
        """
        return pipeline.pictures(
            pipeline.answerer_of(self.fitted), frame, _do(do), draws=draws, seed=seed,
            truth=truth, progress=progress,
        )  # fmt: skip

    def judge_scenes(
        self,
        *,
        n: int | None = None,
        draws: int | Literal["mean"] = "mean",
        seed: int = 0,
        progress: ProgressCallback = silent,
    ) -> Judgement:
        """Return what the fit's pictures of drawn scenes are worth, beside the truth and a copy.

        Parameters
        ----------
        n
            How many scenes; those of the shipped part ``test`` when not given.
        """
        return pipeline.judge_scenes(
            pipeline.answerer_of(self.fitted), n=n, draws=draws, seed=seed, progress=progress
        )

    def query(
        self, names: str | Sequence[str] | None = None, *, seed: int = 0, n_rows: int = 100_000
    ) -> dict[str, pipeline.QueryAnswer]:
        """Return the values of the file's ``query`` lines, by name, over drawn rows.

        Parameters
        ----------
        names
            Which queries; all of them when not given.
        n_rows
            How many rows are drawn; the Monte Carlo error is in the result.
        """
        return pipeline.query(
            pipeline.answerer_of(self.fitted), _names(names, "names"), seed=seed, n_rows=n_rows
        )

    def predict(self, frame: object) -> pd.DataFrame:
        """Return each ``predict`` line's predictions; the outcome is not read."""
        return pipeline.predict(self.fitted, frame)

    def audit(
        self,
        frame: object,
        *,
        draws: int = 50,
        seed: int = 0,
        epsilon: float | None = None,
        metrics: str | Sequence[str] | None = None,
        progress: ProgressCallback = silent,
    ) -> Report:
        """Return how fair the fit's predictors are, beside the baselines."""
        report = pipeline.audit(
            self.fitted, frame, draws=draws, seed=seed, epsilon=epsilon,
            metrics=_names(metrics, "metrics"), progress=progress,
        )  # fmt: skip
        return Report(result=report)

    def simulate(
        self, n: int, seed: int = 0, *, do: Do = (), worlds: Do = (), latents: bool = False
    ) -> pd.DataFrame:
        """Return rows drawn from the fitted model, as `Model.simulate` does."""
        return pipeline.simulate(
            pipeline.answerer_of(self.fitted), n, seed, do=_do(do), worlds=_do(worlds),
            latents=latents,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        from causaldsl.reports.fit_document import document_of_fit
        from causaldsl.reports.render_html import render_html

        return render_html(document_of_fit(self.fitted))


# --- answers --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactuals:
    """Counterfactuals of some rows, and what they rest on."""

    result: CounterfactualResult
    answerer: pipeline.Answerer = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each input row and world: ``row, world, V, V_sd, V_q05, V_q95``."""
        return pipeline.counterfactual_frame(self.result)

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
        return "\n".join(head_lines(self.result, name, self.answerer.remarks)).rstrip()

    @property
    def summary(self) -> str:
        """Each world's means beside the facts of the same rows, as text."""
        from causaldsl.reports.worlds_text import summary_lines

        return "\n".join(summary_lines(self.result))

    def _repr_html_(self) -> str:
        frame = self.frame
        table = frame.head(_SHOWN_ROWS).to_html(index=False, float_format=lambda v: f"{v:.4g}")
        left = len(frame) - _SHOWN_ROWS
        more = f"<p>and {left:,} more rows</p>" if left > 0 else ""
        warned = "".join(
            f"<li>{html.escape(f'{d.severity}[{d.code}]: {d.message}')}</li>"
            for d in self.diagnostics
        )
        findings = f"<ul>{warned}</ul>" if warned else ""
        return f"<pre>{html.escape(self.head)}</pre>{findings}{table}{more}"


def _counterfactuals(
    answerer: pipeline.Answerer,
    frame: object,
    do: Do,
    *,
    evidence: str | Sequence[str] | None,
    draws: int,
    seed: int,
    engine: str | None,
    objective: str | None,
    progress: ProgressCallback,
) -> Counterfactuals:
    result, answered = pipeline.counterfactual(
        answerer, frame, _do(do), evidence=_names(evidence, "evidence"), draws=draws, seed=seed,
        engine=engine, objective=objective, progress=progress,
    )  # fmt: skip
    return Counterfactuals(result=result, answerer=answered)


def _effects(report: EffectsReport) -> Effects:
    from causaldsl.answers import Effects

    return Effects(result=report)


def _generated(made: worlds.Generated) -> Generated:
    from causaldsl.answers import Generated

    return Generated(result=made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An audit or a comparison: read it, save it, go on with its numbers."""

    result: FairnessReport | FairnessTable = field(repr=False)

    @property
    def document(self) -> Document:
        """The report as assumptions, tables and findings."""
        from causaldsl.reports.formats import document_of

        return document_of(self.result)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each value, as the CSV file has it."""
        import io

        import pandas as pd

        from causaldsl.reports.formats import render_as

        return pd.read_csv(io.StringIO(render_as(self.result, ".csv")))

    @property
    def text(self) -> str:
        """The report as plain text."""
        from causaldsl.reports.formats import render_as

        return render_as(self.result, ".txt")

    def save(self, path: str | Path) -> None:
        """Write the report as text, Markdown, CSV or JSON, by the file's suffix."""
        from causaldsl.reports.formats import render_as

        place = Path(path)
        place.write_text(render_as(self.result, place.suffix), encoding="utf-8")

    @override
    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from causaldsl.reports.render_html import render_html

        return render_html(self.document)
