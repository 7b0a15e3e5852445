"""Pictures of other worlds: what an image would have shown, had one variable been another.

The latents of a row come from the encoder, the guide that reads the whole row. The image's
mechanism then gives its mean twice: at the row's own values, which reconstructs the original, and
at the values of the other world. Means are shown and a pixel's own noise is never drawn: under a
Bernoulli it would set every pixel to black or white.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import networkx as nx
import torch
from torch import Tensor

from causaldsl.counterfactual import findings, picture_findings
from causaldsl.counterfactual.abducted_chunks import problems_of
from causaldsl.counterfactual.abduction import Abduction, Evidence, abduct
from causaldsl.counterfactual.action import Fixed, Flip, intervene, setting_text
from causaldsl.counterfactual.untrained import check_trained
from causaldsl.counterfactual.wording import read_interventions
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.engines.guide import guide_factors, guide_for, guide_refusal
from causaldsl.engines.problem import Problem, blocks_of, settle
from causaldsl.runtime.forward import Assigned, encoded, mechanism_output, propagate
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm
from causaldsl.vocabulary.domains import Image, levels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureQuestion:
    """Which image is asked about, and which level of which variable is set; `text` says it."""

    text: str
    image: str
    target: str
    setting: Fixed | Flip


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualPictures:
    """Originals, reconstructions and counterfactuals of some rows, pixels from 0 to 1.

    Parameters
    ----------
    original, reconstruction
        ``(N, c, h, w)``: the row's picture, and the mechanism's mean at the row's own values.
    worlds
        The mechanism's mean in each world, ``(N, c, h, w)``. The flip of a variable of two levels
        is one world; of more levels, each is a world, a row's own too.
    own, set_to
        The level of the target in each row ``(N,)``, and in each world, by position.
    rows
        The rows' numbers ``(N,)``, counted from 1.
    draws
        How many draws of the latents the pictures are means over; `None` for the encoder's mean.
    encoded
        The latents that the encoder gave.
    kept, moved
        What the image is made from, beside the latents and the target: what stays as it is in the
        row, and what descends from the target and follows it with its own noise.
    """

    model: str
    question: PictureQuestion
    levels: tuple[str, ...]
    original: Tensor = field(repr=False)
    reconstruction: Tensor = field(repr=False)
    worlds: Mapping[str, Tensor] = field(repr=False)
    own: Tensor = field(repr=False)
    set_to: Mapping[str, Tensor] = field(repr=False)
    rows: Tensor = field(repr=False)
    draws: int | None
    seed: int
    encoded: tuple[str, ...]
    kept: tuple[str, ...]
    moved: tuple[str, ...]
    is_downstream: bool


# --- the question ---------------------------------------------------------------------------


def read_question(scm: Scm, do: Sequence[str]) -> PictureQuestion:
    """Return the question for pictures that texts ask: ``["a=a'"]``, or a level, ``["a=1"]``.

    Raises
    ------
    CounterfactualError
        CD748 for a model without one image, CD749 for anything but one observed variable's level,
        CD707 and CD712 for unknown names and levels.
    """
    image = image_of(scm)
    intervention = intervene(scm, read_interventions(do, scm))
    settings = intervention.settings
    if len(settings) != 1:
        reason = f"`{intervention.text}` sets {len(settings)}" if settings else "nothing is set"
        raise CounterfactualError([picture_findings.no_discrete_setting(reason)])
    setting = settings[0]
    variable = scm.variables[setting.target]
    name = variable.name
    if not variable.is_observed:
        reason = f"`{name}` is unobserved"
    elif not levels_of(variable.domain):
        reason = f"`{name}` is {variable.domain}"
    elif variable.size is not None:
        reason = f"`{name}` is {variable.size} variables at once"
    elif isinstance(setting, Fixed | Flip):
        text = setting_text(scm, setting) if isinstance(setting, Fixed) else intervention.text
        return PictureQuestion(text=text, image=image, target=name, setting=setting)
    else:
        reason = f"`{intervention.text}` sets no level"
    hint = f"write `{_flippable(scm)}={_flippable(scm)}'` or a level" if _flippable(scm) else None
    raise CounterfactualError([picture_findings.no_discrete_setting(reason, hint)])


def image_of(scm: Scm) -> str:
    """Return the name of a model's one observed image, or raise CD748."""
    images = [n for n in scm.observed if isinstance(scm.variables[n].domain, Image)]
    if len(images) != 1:
        raise CounterfactualError([picture_findings.no_single_image(scm.name, images)])
    return images[0]


def _flippable(scm: Scm) -> str | None:
    """Return the first observed variable with levels from which the image descends."""
    above = nx.ancestors(scm.graph, image_of(scm))
    names = [n for n in scm.observed if levels_of(scm.variables[n].domain)]
    return next((n for n in names if n in above and scm.variables[n].size is None), None)


# --- the answer -----------------------------------------------------------------------------


def counterfactual_pictures(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence,
    question: PictureQuestion,
    *,
    seed: int,
    state: Mapping[str, object] | None,
    draws: int | None = None,
    progress: ProgressCallback = silent,
) -> CounterfactualPictures:
    """Return each row's picture as it is, reconstructed, and in the worlds of a question.

    Parameters
    ----------
    evidence
        The rows, every observed variable given.
    draws
        How many draws of the latents the pictures are means over; by default none is drawn and the
        mean of each of the encoder's factors stands for its latent.

    Raises
    ------
    CounterfactualError
        CD706 where no guide reads the rows, CD709 and CD714 where a row lacks its picture or its
        value of the target, CD750 for a mechanism that was not trained, and what abduction refuses.
    """
    if draws is not None and draws < 1:
        raise CounterfactualError([findings.wrong_draws(draws)])
    scm, image, target = compiled.scm, question.image, question.target
    if lacking := _lacking(evidence, image):
        reason = "holds no picture" if len(lacking) == evidence.n_rows else "lacks a picture"
        raise CounterfactualError([findings.unreadable_evidence(image, reason, lacking)])
    if _lacking(evidence, target):
        raise CounterfactualError([findings.flip_without_fact(target)])
    above = nx.ancestors(scm.graph, image)
    below = nx.descendants(scm.graph, target)
    parts: list[tuple[Tensor, _Made]] = []
    done = 0
    check_trained(scm, {image, *above} & below)
    chunks = problems_of(compiled, params, evidence, draws=draws or 1, state=state)
    for number, (part, problem) in enumerate(chunks):
        with isolated(seed), torch.no_grad():
            generator = torch.Generator().manual_seed(seed + 1_000_003 * number)
            abducted = _encode(problem, draws, generator, above & below, image)
            parts.append((part, _make(problem, abducted, question)))
        done += len(part)
        progress(Progress(stage="pictures", done=done, total=evidence.n_rows))
    positions = torch.cat([part for part, _ in parts])
    order = positions.argsort()

    def whole(pick: str, world: str | None = None) -> Tensor:
        found = [getattr(made, pick) for _, made in parts]
        return torch.cat([f if world is None else f[world] for f in found])[order]

    observed = [n for n in scm.observed if n in above and n != target]
    return CounterfactualPictures(
        model=scm.name,
        question=question,
        levels=levels_of(scm.variables[target].domain) or (),
        original=evidence.values[image][positions[order]],
        reconstruction=whole("reconstruction"),
        worlds={world: whole("worlds", world) for world in parts[0][1].worlds},
        own=evidence.values[target][positions[order]].long(),
        set_to={world: whole("set_to", world) for world in parts[0][1].set_to},
        rows=evidence.row_numbers[positions[order]],
        draws=draws,
        seed=seed,
        encoded=tuple(n for n in compiled.parents if n in parts[0][1].encoded),
        kept=tuple(n for n in observed if n not in below),
        moved=tuple(n for n in observed if n in below),
        is_downstream=image in below,
    )


def _lacking(evidence: Evidence, name: str) -> list[int]:
    """Return the numbers of the rows in which a variable is not given."""
    if name not in evidence.values:
        return [int(row) for row in evidence.row_numbers]
    seen = evidence.seen.get(name)
    return [] if seen is None else [int(row) for row in evidence.row_numbers[~seen]]


def _encode(
    problem: Problem,
    draws: int | None,
    generator: torch.Generator,
    reached: frozenset[str] | set[str],
    image: str,
) -> Abduction:
    """Return the factual world of some rows: latents from the encoder, and the noise reached."""
    if blocks_of(problem) and (why := guide_refusal(problem)) is not None:
        raise CounterfactualError([picture_findings.no_whole_row(image, why)])
    noisy = frozenset(reached)
    if draws is not None:
        return abduct(problem, draws, generator, reached=noisy, objective="encoder")
    means = _means(problem, generator) if blocks_of(problem) else {}
    return abduct(settle(problem, means), 1, generator, reached=noisy)


def _means(problem: Problem, generator: torch.Generator) -> dict[str, Tensor]:
    """Return the mean of each factor of the guide that reads these rows, ``(N, *event)``."""
    guide = guide_for(problem) or ""
    data = {**problem.evidence, **problem.extra}
    for name in problem.compiled.module.GUIDE_EVIDENCE[guide]:
        if name not in data:  # `missing latent`: the guide is told that it was not seen
            nothing = torch.zeros((problem.n_rows, *problem.event(name)), dtype=torch.float64)
            data[name] = encoded(problem.compiled, name, nothing)
            data[f"{name}__seen"] = torch.zeros(problem.n_rows, dtype=torch.bool)
    seed = int(torch.randint(2**31, (1,), generator=generator))
    factors = guide_factors(problem.compiled, problem.state or {}, data, guide, seed)
    return {
        name: mean.expand(problem.n_rows, *problem.event(name))
        for name, (mean, _) in factors.items()
        if name in problem.compiled.parents
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The pictures of a chunk ``(N, c, h, w)``, levels ``(N,)``, and the latents encoded."""

    reconstruction: Tensor
    worlds: Mapping[str, Tensor]
    set_to: Mapping[str, Tensor]
    encoded: frozenset[str]


def _make(problem: Problem, abducted: Abduction, question: PictureQuestion) -> _Made:
    """Act on the target and predict the image's mean, in each world and in the row's own."""
    scm, image, target = problem.compiled.scm, question.image, question.target
    above = nx.ancestors(scm.graph, image)
    settings = _settings(scm, question, problem.evidence[target])
    # only what the image is made from is predicted; all else stays as it is and is not looked at
    still = {n: v for n, v in abducted.values.items() if n not in above and n != image}
    worlds = {}
    for world, levels in settings.items():
        replaced: dict[str, Assigned] = {
            **still,
            target: levels.double().unsqueeze(0),
            image: lambda values: _mean(problem, image, values),
        }
        values = propagate(
            problem.compiled, problem.params, abducted.noise, replaced, factual=abducted.values
        )
        worlds[world] = _shown(values[image])
    return _Made(
        reconstruction=_shown(_mean(problem, image, abducted.values)),
        worlds=worlds,
        set_to={world: levels.long() for world, levels in settings.items()},
        encoded=frozenset(n for n in abducted.values if not scm.variables[n].is_observed) & above,
    )


def _settings(scm: Scm, question: PictureQuestion, own: Tensor) -> dict[str, Tensor]:
    """Return the level of the target in each world, by row ``(N,)``."""
    levels = levels_of(scm.variables[question.target].domain) or ()
    if isinstance(question.setting, Fixed):
        return {question.text: torch.full_like(own, question.setting.value)}
    if len(levels) == 2:
        return {question.text: 1 - own}
    return {f"{question.target}={level}": torch.full_like(own, k) for k, level in enumerate(levels)}


def _mean(problem: Problem, image: str, values: Values) -> Tensor:
    """Return the mean of an image's mechanism ``(1 or S, N, c, h, w)``."""
    output, is_value = mechanism_output(problem.compiled, problem.params, image, values)
    mean: Tensor = output if is_value else output.mean
    return mean.expand(*mean.shape[:-4], problem.n_rows, *problem.event(image))


def _shown(pictures: Tensor) -> Tensor:
    """Return the mean over draws, cut off at 0 and 1 as every picture is."""
    event = pictures.shape[-4:]
    return pictures.reshape(-1, *event).mean(0).clamp(0.0, 1.0)
