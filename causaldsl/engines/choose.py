"""Which engine answers for which block: the cheapest exact one first, with the reason recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from causaldsl.diagnostics.model import CounterfactualError, Diagnostic
from causaldsl.engines import findings
from causaldsl.engines.discrete import ExactDiscrete
from causaldsl.engines.exact_gaussian import ExactGaussian
from causaldsl.engines.guide import TrainedGuide
from causaldsl.engines.importance import PriorProposal, effective_sample_size, taken
from causaldsl.engines.inversion import invert_known
from causaldsl.engines.laplace import Laplace
from causaldsl.engines.names import verify_engine
from causaldsl.engines.problem import Block, Problem, blocks_of, complete, merge
from causaldsl.engines.protocol import BlockPosterior, Engine, LatentPosterior
from causaldsl.runtime.forward import any_cell
from causaldsl.runtime.load import CompiledScm, Values

Objective = Literal["posterior", "encoder"]

#: In the order in which they are tried, which is that of `names.ENGINE_NAMES`.
ENGINES: tuple[Engine, ...] = (
    ExactDiscrete(),
    ExactGaussian(),
    TrainedGuide(),
    Laplace(),
    PriorProposal(),
)
LEAST_SHARE = 0.1  # of the draws: an effective sample size below this is reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An engine for a block, and why it and not one before it."""

    engine: Engine
    block: Block
    reason: str


def choose_engine(problem: Problem, block: Block, wanted: str | None = None) -> Choice:
    """Return the first engine that applies to a block, or the wanted one.

    Raises
    ------
    CounterfactualError
        CD703 where none applies, CD704 where the wanted one does not, CD705 for an unknown name.
    """
    if wanted is not None:
        return _wanted(problem, block, wanted)
    refusals: list[str] = []
    for engine in ENGINES:
        why = engine.refusal(problem, block)
        if why is None:
            kind = "exact" if engine.is_exact else "corrected by importance weights"
            passed = f", since {'; '.join(refusals)}" if refusals else ""
            return Choice(
                engine=engine, block=block, reason=f"{block.label} by {engine.name}, {kind}{passed}"
            )
        refusals.append(f"{engine.name} does not apply ({why})")
    raise CounterfactualError([findings.no_engine(block.label, refusals)])


def latent_posterior(
    problem: Problem,
    draws: int,
    generator: torch.Generator,
    *,
    engine: str | None = None,
    objective: Objective = "posterior",
) -> LatentPosterior:
    """Return draws of every unseen variable that the evidence speaks of.

    Parameters
    ----------
    problem
        The evidence of some rows.
    draws
        S, how many draws each row gets.
    engine
        Use this engine for every block instead of the best one.
    objective
        ``posterior``: the model's posterior. ``encoder``: the guide's draws as trained, which
        needs evidence that a guide reads; the two are never mixed.

    Raises
    ------
    CounterfactualError
        CD701 to CD706; an engine beside the encoder is CD704.
    """
    verify_engine(engine, encoder=objective == "encoder")
    problem, solved = invert_known(problem)
    _check_solved(problem, solved)
    blocks = blocks_of(problem)
    choices = (
        _encoders(problem, blocks) if objective == "encoder" else _choices(problem, blocks, engine)
    )
    samples = {n: v.unsqueeze(0) for n, v in problem.known.items() if n not in problem.evidence}
    engines = dict.fromkeys(solved, "inversion")
    reasons = [f"`{n}` by inversion, exact" for n in solved]
    parts: list[tuple[Choice, BlockPosterior]] = []
    for choice in choices:
        part = _possible(choice.engine.posterior(problem, choice.block, draws, generator))
        parts.append((choice, part))
        samples |= {**part.samples, **_given_back(problem, choice.block, part)}
        engines |= dict.fromkeys(choice.block.unknown, choice.engine.name)
        engines |= {n: "inversion" for n in choice.block.derived if n in problem.inverted}
        reasons.append(choice.reason)
    weights = None if objective == "encoder" else _combine(problem, parts)
    return LatentPosterior(
        samples=samples,
        log_weights=weights,
        ess=None if weights is None else effective_sample_size(weights),
        engine=" + ".join(dict.fromkeys(engines.values())) or "none needed",
        engines=engines,
        reasons=tuple(reasons),
        diagnostics=(),
        unfinished=_unfinished(parts),
    )


def is_exact_for(compiled: CompiledScm, params: Values, evidence: Mapping[str, Tensor]) -> bool:
    """Whether evidence like this settles every unseen variable without a guide's help."""
    values = {n: v for n, v in evidence.items() if "__" not in n}
    problem, _ = invert_known(Problem.of(compiled, params, values))
    return all(choose_engine(problem, b).engine.is_exact for b in blocks_of(problem))


def reliability(
    ess: Tensor | None, unfinished: Tensor | None, draws: int, label: str, row_ids: Tensor
) -> tuple[Diagnostic, ...]:
    """Return warnings about rows whose draws are worth little."""
    found = []
    if ess is not None:
        low = ess < LEAST_SHARE * draws
        if low.any():
            rows = row_ids[low].tolist()
            found.append(findings.low_sample_size(rows, len(ess), float(ess.min()), draws))
    if unfinished is not None and unfinished.any():
        found.append(findings.not_converged(label, row_ids[unfinished].tolist()))
    return tuple(found)


def _wanted(problem: Problem, block: Block, wanted: str) -> Choice:
    verify_engine(wanted, encoder=False)
    engine = {e.name: e for e in ENGINES}[wanted]
    why = engine.refusal(problem, block)
    if why is not None:
        raise CounterfactualError([findings.engine_refuses(wanted, block.label, why)])
    return Choice(engine=engine, block=block, reason=f"{block.label} by {wanted}, as asked for")


def _choices(problem: Problem, blocks: tuple[Block, ...], wanted: str | None) -> list[Choice]:
    """Return a choice for each block; the blocks left to the guide become one."""
    choices = [choose_engine(problem, block, wanted) for block in blocks]
    guided = [c for c in choices if isinstance(c.engine, TrainedGuide)]
    if len(guided) < 2:
        return choices
    block = merge(problem, [c.block for c in guided])
    rest = [c for c in choices if not isinstance(c.engine, TrainedGuide)]
    return [*rest, Choice(engine=guided[0].engine, block=block, reason=f"{block.label} by guide")]


def _encoders(problem: Problem, blocks: tuple[Block, ...]) -> list[Choice]:
    if not blocks:
        return []
    block, guide = merge(problem, blocks), TrainedGuide()
    why = guide.refusal(problem, block)
    if why is not None:
        raise CounterfactualError([findings.no_encoder(block.label, why)])
    return [Choice(engine=guide, block=block, reason=f"{block.label} by the encoder, as trained")]


def _combine(problem: Problem, parts: list[tuple[Choice, BlockPosterior]]) -> Tensor | None:
    """Return the sum of the blocks' log weights; refuse rows that no draw explains."""
    total: Tensor | None = None
    for choice, part in parts:
        if part.log_weights is None:
            continue
        lost = (part.log_weights == -torch.inf).all(0)
        if lost.any():
            names = [f for f in choice.block.factors if f in problem.evidence]
            raise CounterfactualError([findings.contradiction(names, problem.numbers(lost))])
        total = part.log_weights if total is None else total + part.log_weights
    return total


def _possible(part: BlockPosterior) -> BlockPosterior:
    """Put each row's best draw in the place of draws that weigh nothing.

    They still weigh nothing, but whatever is computed from them is a number.
    """
    if part.log_weights is None or bool((part.log_weights > -torch.inf).all()):
        return part
    own = torch.arange(len(part.log_weights)).unsqueeze(-1)
    best = part.log_weights.argmax(0, keepdim=True)
    picked = torch.where(part.log_weights > -torch.inf, own, best)
    samples = {n: taken(v, picked) for n, v in part.samples.items()}
    return replace(part, samples=samples)


def _given_back(problem: Problem, block: Block, part: BlockPosterior) -> dict[str, Tensor]:
    """Return the latents that ``:=`` evidence gives back at a block's draws."""
    values = complete(problem, block, part.samples)
    return {n: values[n] for n in block.derived if n in problem.inverted}


def _unfinished(parts: list[tuple[Choice, BlockPosterior]]) -> Tensor | None:
    marks = [p.unfinished for _, p in parts if p.unfinished is not None]
    return torch.stack(marks).any(0) if marks else None


def _check_solved(problem: Problem, solved: Mapping[str, Tensor]) -> None:
    """Refuse evidence whose inverted latent is no possible value of that latent."""
    for name, value in solved.items():
        bad = any_cell(~torch.isfinite(value), len(problem.event(name)))
        if bad.any():
            source = next(v for v, u in problem.compiled.module.INVERSE_OF.items() if u == name)
            raise CounterfactualError([findings.impossible_value(source, problem.numbers(bad))])
