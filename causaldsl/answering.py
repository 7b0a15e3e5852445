"""Models that answer: every number known, by a fit or by the file, and rows drawn from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causaldsl.diagnostics.model import CounterfactualError, Diagnostic, ModelError
from causaldsl.diagnostics.progress import ProgressCallback, silent
from causaldsl.front import compile_scm

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from causaldsl.data.encoded import EncodedData
    from causaldsl.data.encoding import Encoding
    from causaldsl.inference.fitted import FittedScm
    from causaldsl.runtime.load import CompiledScm
    from causaldsl.semantics.model import Scm


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """A model whose every number is known, by a fit or by its file, and what was done for it.

    `state` holds the guides' parameters, None where there are none. `remarks` are sentences that
    stand above every answer.
    """

    compiled: CompiledScm
    params: Mapping[str, Tensor]
    state: Mapping[str, Any] | None
    encoding: Encoding
    remarks: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    fitted: FittedScm | None = None


def answerer_of(fitted: FittedScm, remarks: Sequence[str] = ()) -> Answerer:
    """Return a fit as a model that answers."""
    return Answerer(
        compiled=fitted.compiled,
        params=fitted.params,
        state=fitted.state,
        encoding=fitted.encoding,
        remarks=tuple(remarks),
        findings=fitted.result.diagnostics,
        fitted=fitted,
    )


def is_fit_file(path: Path) -> bool:
    """Whether a file is a saved fit rather than a model's text: by its name or first bytes."""
    if path.suffix.lower() == ".fit":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(2) == b"PK"
    except OSError:
        return False


def is_numbered(scm: Scm) -> bool:
    """Whether every number of a model is given in its file."""
    from causaldsl.ir.lower import lower
    from causaldsl.ir.plan import needs_no_fit

    program, findings = lower(scm)
    if program is None:
        raise ModelError(findings)
    return needs_no_fit(program)


def numbered(scm: Scm) -> Answerer:
    """Return a model whose file gives every number; nothing is fitted."""
    from causaldsl.data.encoding import plain_encoding
    from causaldsl.data.schema import schema_of

    return Answerer(
        compiled=compile_scm(scm),
        params={},
        state=None,
        encoding=plain_encoding(schema_of(scm)),
        remarks=("every number is given in the file: nothing was fitted",),
    )


#: Rows that a numbered file simulates to learn its guide from.
GUIDE_ROWS = 10_000


def with_guide(
    model: Answerer, evidence: Sequence[str], seed: int, progress: ProgressCallback = silent
) -> Answerer:
    """Return a numbered model with its guide learned, where its evidence needs one.

    A guide is learned only where a guide of the file reads exactly this evidence and no exact
    engine applies; the rows are the file's own simulation.
    """
    from causaldsl.engines.choose import is_exact_for
    from causaldsl.inference.svi import fit_guide

    if model.state is not None:
        return model
    module = model.compiled.module
    name = next((g for g, e in module.GUIDE_EVIDENCE.items() if set(e) == set(evidence)), None)
    if name is None:
        return model
    data = simulated_rows(model, GUIDE_ROWS, seed)
    if is_exact_for(model.compiled, model.params, data.only(tuple(evidence)).batch()):
        return model
    model.compiled.set_scales({n: (c, s) for n, (c, s) in data.encoding.scales().items()})
    model.compiled.set_whole(data.whole)
    state, record = fit_guide(
        model.compiled, {"params": {}, "constraints": {}}, data, name, progress=progress
    )
    remark = (
        f"the guide was learned from {GUIDE_ROWS:,} rows that the file simulated ({record.reason})"
    )
    return replace(model, state=state, remarks=(*model.remarks, remark))


def simulated_rows(model: Answerer, n: int, seed: int) -> EncodedData:
    """Return rows drawn from a numbered model, bound as a table would be."""
    from causaldsl.data.binding import bind

    frame = simulate(model, n, seed)
    return bind(frame, model.encoding.schema, what="evidence")


# --- simulate -------------------------------------------------------------------------------


def simulate(
    model: Answerer,
    n: int,
    seed: int,
    *,
    do: Sequence[str] = (),
    worlds: Sequence[str] = (),
    latents: bool = False,
) -> pd.DataFrame:
    """Return rows drawn from a model, in the table's own columns.

    Parameters
    ----------
    do
        Interventions under which the rows are drawn, as on the command line.
    worlds
        Interventions whose true counterfactuals each row also gets, as columns ``Y[S=Black]``.
    latents
        Also give the unobserved variables.
    """
    from causaldsl.counterfactual.sampling import draw_rows
    from causaldsl.counterfactual.wording import read_interventions

    scm = model.compiled.scm
    drawn = draw_rows(
        model.compiled, model.params, whole_number(n, "n", 1), whole_number(seed, "seed", 0),
        do=read_interventions(do, scm), worlds=read_interventions(worlds, scm, "--worlds"),
    )  # fmt: skip
    for values in drawn.values():
        _verify_finite(scm, values)
    return _decoded(model, drawn, latents)


#: Counts above it are not told apart by float64, which everything is computed in.
_LARGEST_COUNT = 2.0**53


def _verify_finite(scm: Scm, values: Mapping[str, Tensor]) -> None:
    """Refuse draws that are no numbers, and name the first variable where it goes wrong."""
    import torch

    from causaldsl.counterfactual.findings import not_finite_draw
    from causaldsl.vocabulary.domains import Count

    for name, value in values.items():
        wrong = ~torch.isfinite(value)
        if isinstance(scm.variables[name].domain, Count):
            wrong |= value.abs() > _LARGEST_COUNT
        wrong = wrong.reshape(len(wrong), -1).any(1)  # the rows, whichever of their cells it is
        if wrong.any():
            rows = (torch.nonzero(wrong).squeeze(-1) + 1).tolist()
            raise CounterfactualError([not_finite_draw(name, rows)])


def whole_number(value: object, name: str, least: int) -> int:
    """Return a whole number that torch can take.

    Raises
    ------
    TypeError, ValueError
        If it is none, or below `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    if not least <= value < 2**63:
        raise ValueError(f"{name} is {value}, expected a whole number from {least}")
    return value


def _decoded(
    model: Answerer, drawn: Mapping[str, Mapping[str, Tensor]], latents: bool
) -> pd.DataFrame:
    """Return worlds of values as one table: the facts first, then ``V[world]`` columns.

    An array has a column for each cell: the table's own, or V1, V2, ... where it has none and in
    other worlds.
    """
    import pandas as pd

    from causaldsl.semantics.model import cell_columns

    scm, encoding = model.compiled.scm, model.encoding
    columns: dict[str, Any] = {}
    owners: dict[str, str] = {}
    for name in encoding.schema.variables:
        for title in encoding.columns_of(name):
            owners.setdefault(title, name)
    for world, values in drawn.items():
        for name, value in values.items():
            size = scm.variables[name].size
            own = (name,) if size is None else cell_columns(name, size)
            if name in encoding.schema.variables:
                cells = encoding.decode(name, value.numpy())
                titles = encoding.columns_of(name)
            elif latents:
                cells = _named(value.numpy(), _levels(scm, name))
                titles = own
            else:
                continue
            by_cell = [cells] if size is None else [cells[:, i] for i in range(size)]
            for title, plain, column in zip(titles, own, by_cell, strict=True):
                key = title
                if owners.setdefault(key, name) != name:  # two variables of one column
                    key = plain
                while owners.setdefault(key, name) != name:
                    key += "_"
                columns[key if world == "factual" else f"{plain}[{world}]"] = column
    return pd.DataFrame(columns)


def _named(codes: Any, levels: tuple[str, ...]) -> Any:  # noqa: ANN401 (numpy cells)
    return [levels[int(k)] for k in codes] if levels else codes


def _levels(scm: Scm, name: str) -> tuple[str, ...]:
    from causaldsl.vocabulary.domains import Binary, levels_of

    domain = scm.variables[name].domain
    return () if isinstance(domain, Binary) else levels_of(domain) or ()
