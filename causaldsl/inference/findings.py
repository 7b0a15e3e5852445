"""What can go wrong in a fit or with a saved one: one function per registered CD6xx code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.diagnostics.suggest import suggest
from causaldsl.source import Span

_LISTED = 5


def _quoted(names: Sequence[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names[:_LISTED])
    rest = len(names) - _LISTED
    return f"{listed} and {rest:,} more" if rest > 0 else listed


def _at(span: Span | None) -> tuple[Label, ...]:
    return () if span is None else (Label(span=span),)


# --- the words of `train` -------------------------------------------------------------------


def unknown_word(name: str, known: Sequence[str], span: Span | None) -> Diagnostic:
    """CD601: a word that training does not know."""
    near = suggest(name, known)
    hint = f"did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else None
    message = f"training has no word `{name}`"
    return diagnostic("CD601", message, *_at(span), hint=hint)


def wrong_value(name: str, value: object, expected: str, span: Span | None) -> Diagnostic:
    """CD602: a value of the wrong type, or out of range."""
    message = f"`{name}` is `{value}`, expected {expected}"
    return diagnostic("CD602", message, *_at(span), hint=f"write `{name}` as {expected}")


def contradiction(message: str, hint: str, span: Span | None = None) -> Diagnostic:
    """CD603: words that cannot hold together."""
    return diagnostic("CD603", message, *_at(span), hint=hint)


def unsupported(name: str, value: object, instead: str, span: Span | None) -> Diagnostic:
    """CD604: a word that the language has and this version does not carry out."""
    message = f"`{name}={value}` is not carried out by this version"
    return diagnostic("CD604", message, *_at(span), hint=instead)


# --- the fit --------------------------------------------------------------------------------


def no_likelihood(names: Sequence[str], span: Span | None = None) -> Diagnostic:
    """CD605: observed variables that have no density."""
    message = f"{_quoted(names)} has no density, so its values cannot be fitted"
    hint = "let a latent enter the equation once and invertibly, or state a distribution with `~`"
    return diagnostic("CD605", message, *_at(span), hint=hint)


def no_guide(reason: str) -> Diagnostic:
    """CD605: nothing that gradients can train stands for the unobserved."""
    message = f"the model has no guide to train: {reason}"
    return diagnostic("CD605", message, hint="observe this variable, or give it a real domain")


def unseen_cells(name: str, count: int, span: Span | None) -> Diagnostic:
    """CD605: missing values that no gradient integrates out."""
    message = (
        f"`{name}` is missing in {count:,} rows, and only numbers that are drawn are integrated out"
    )
    hint = f"declare `{name}` with `missing drop`"
    return diagnostic("CD605", message, *_at(span), hint=hint)


def foreign_table(missing: Sequence[str]) -> Diagnostic:
    """CD606: encoded data without the model's variables."""
    message = f"the encoded table lacks {_quoted(missing)}, which the model observes"
    return diagnostic("CD606", message, hint="encode the table with this model's schema")


def loss_not_finite(part: str, where: str, rows: Sequence[int], kept: str) -> Diagnostic:
    """CD610: a part of the objective is NaN or infinite."""
    return diagnostic(
        "CD610",
        f"the part `{part}` of the objective is not finite {where}",
        place=_rows(rows),
        notes=(kept,) if kept else (),
        hint="lower `learning_rate`, or look at these rows and at the mechanism of this variable",
    )


def gradient_not_finite(
    parameter: str | None, part: str | None, where: str, rows: Sequence[int], kept: str
) -> Diagnostic:
    """CD611: the objective is finite and its gradient is not, or not the gradient's length."""
    whose = "the length of the gradient" if parameter is None else "the gradient of parameter "
    whose += "" if parameter is None else f"`{parameter}`"
    through = "" if part is None else f", through the part `{part}` of the objective"
    return diagnostic(
        "CD611",
        f"{whose} is not finite {where}{through}",
        place=_rows(rows),
        notes=(kept,) if kept else (),
        hint="lower `learning_rate` or set `clip`, and look at functions such as `sqrt` or `log` "
        "of zero",
    )


def _rows(rows: Sequence[int]) -> str | None:
    """Return the place of 0-based rows, counted from 1 as the data room counts them."""
    if not rows:
        return None
    listed = ", ".join(str(row + 1) for row in rows[:_LISTED])
    rest = len(rows) - _LISTED
    word = "row" if len(rows) == 1 else "rows"
    return f"{word} {listed} and {rest:,} more" if rest > 0 else f"{word} {listed}"


def vanishing_balance(loss: str, value: float) -> Diagnostic:
    """CD612: R of `balance` cannot be formed."""
    message = f"`balance` of loss `{loss}` divides by its first value, which is {value:g}"
    return diagnostic("CD612", message, hint="fix the factor with `balance(term; R=...)`")


def networks_beyond_memory(
    largest: tuple[str, Sequence[int]],
    need: tuple[int, int],
    rows: int,
    free: int,
    span: Span | None,
) -> Diagnostic:
    """CD613: weights, or the layers' outputs for a batch, take more than there is.

    `need` are the bytes of both.
    """
    name, sizes = largest
    widths = " -> ".join(f"{n:,}" for n in sizes)
    weights, outputs = need
    hint = "lower the widths in `hidden` or `channels`"
    return diagnostic(
        "CD613",
        f"the networks take {_gibibytes(weights + outputs)} of memory, and {_gibibytes(free)} are "
        f"free",
        *_at(span),
        notes=(
            f"the weights take {_gibibytes(weights)}: each with its gradient and two moments, of 8 "
            f"bytes",
            f"the layers' outputs take {_gibibytes(outputs)} for a batch of {rows:,} rows",
            f"the largest network is `{name}`, of widths {widths}",
        ),
        hint=f"{hint}, or the `batch_size`" if outputs > weights else hint,
    )


def _gibibytes(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB"


def not_converged(reason: str, hint: str) -> Diagnostic:
    """CD620: the fit ended before it settled."""
    return diagnostic("CD620", f"the fit has not converged: {reason}", hint=hint)


def at_floor(name: str, value: float, reached: bool) -> Diagnostic:
    """CD621: a learned standard deviation without an interior optimum."""
    state = "has reached its floor" if reached else "heads for its floor"
    return diagnostic(
        "CD621",
        f"the learned standard deviation `{name}` {state}, at {value:.3g} of its column's",
        notes=("the likelihood has no interior maximum in it: a boundary solution",),
        hint="fix this standard deviation in the model, or give it a `prior`",
    )


def unused_latent(name: str, kl: float) -> Diagnostic:
    """CD622: a latent whose posterior is its prior in every row."""
    return diagnostic(
        "CD622",
        f"the posterior does not use the latent `{name}`: {kl:.2g} nats per row against the prior",
        hint="leave it out, or give it variables that it explains",
    )


def interrupted(epoch: int, checkpoint: str | None) -> Diagnostic:
    """CD623: the user stopped the fit."""
    message = f"the fit was interrupted after {epoch:,} epoch{'' if epoch == 1 else 's'}"
    hint = (
        "fit with `--checkpoint FILE`, and an interrupted run can go on"
        if checkpoint is None
        else f"go on with `--resume {checkpoint}`"
    )
    return diagnostic("CD623", message, hint=hint)


def guide_not_converged(guide: str, reason: str) -> Diagnostic:
    """CD624: a guide trained at the fitted model has not settled."""
    message = f"the guide `{guide}` has not converged: {reason}"
    return diagnostic("CD624", message, hint="raise `epochs`")


def not_computed(term: str, reason: str, batches: int, of: int) -> Diagnostic:
    """CD625: a term of the objective that some batches lacked the rows for."""
    share = f"{batches:,} of {of:,} batches" if of > 1 else "the one batch"
    return diagnostic(
        "CD625",
        f"the loss `{term}` could not be computed in full on {share}: {reason}",
        hint="raise `batch_size`, so that every batch has the rows that the term needs",
    )


def untrained_branch(variable: str, levels: Sequence[str], span: Span) -> Diagnostic:
    """CD626: a network of a level that no training row has."""
    word = "the network" if len(levels) == 1 else "the networks"
    return diagnostic(
        "CD626",
        f"no training row has {_quoted(levels)} of `{variable}`, so {word} of this branch "
        "stays as it was drawn",
        *_at(span),
        hint="leave the level out, or give rows that have it",
    )


def unused_dimensions(name: str, unused: Sequence[int], of: int) -> Diagnostic:
    """CD627: dimensions of an array latent whose posterior mean is the same in every row."""
    listed = ", ".join(str(i) for i in unused[:_MOST_DIMENSIONS])
    rest = len(unused) - _MOST_DIMENSIONS
    places = f"{listed} and {rest:,} more" if rest > 0 else listed
    return diagnostic(
        "CD627",
        f"the posterior uses {of - len(unused)} of the {of} dimensions of `{name}`",
        notes=(f"the others are {places}, counted from 0",),
        hint="a smaller size may do as well",
    )


_MOST_DIMENSIONS = 20


# --- saved fits and checkpoints -------------------------------------------------------------


def refused_file(code: str, path: object, reason: str, hint: str) -> Diagnostic:
    """CD630 to CD638: why a saved fit is not read, or what to know about it."""
    return diagnostic(code, f"{reason}", place=f"file `{path}`", hint=hint)


def unreadable_checkpoint(path: object, reason: str) -> Diagnostic:
    """CD640: no checkpoint, or a damaged one."""
    message = f"the checkpoint cannot be read: {reason}"
    return diagnostic(
        "CD640", message, place=f"file `{path}`", hint="start again without `--resume`"
    )


def foreign_checkpoint(path: object, what: str) -> Diagnostic:
    """CD641: the checkpoint was made by another model, table or configuration."""
    message = f"the checkpoint belongs to another run: its {what} differs"
    hint = "resume with the model, the table and the settings it was made with"
    return diagnostic("CD641", message, place=f"file `{path}`", hint=hint)


def unwritable(path: object, reason: str) -> Diagnostic:
    """CD642: a file could not be written."""
    message = f"the file cannot be written: {reason}"
    return diagnostic("CD642", message, place=f"file `{path}`", hint="choose another place")


# --- sampling -------------------------------------------------------------------------------


def learned_under_sampling(names: Sequence[str]) -> Diagnostic:
    """CD650: NUTS samples what has a prior, and learned parameters have none."""
    return diagnostic(
        "CD650",
        f"NUTS needs a prior for {_quoted(names)}, which the model learns as point values",
        hint="declare them with `prior`, or hand over a fit whose values are held fixed",
    )


def too_much_to_sample(rows: int, latents: Sequence[str], size: int, limit: int) -> Diagnostic:
    """CD651: one number for each row and latent is too many for NUTS."""
    return diagnostic(
        "CD651",
        f"NUTS would sample {size:,} numbers ({_quoted(latents)} in each of {rows:,} rows), "
        f"above the limit of {limit:,}",
        hint="take fewer rows, or fit by variational inference",
    )


def not_mixed(name: str, r_hat: float, ess: float, needed: float) -> Diagnostic:
    """CD652: split R-hat is too large, or there are too few effective draws to tell."""
    message = (
        f"the chains have not mixed: the largest R-hat is {r_hat:.3f} (`{name}`), expected at most "
        f"1.01, and the fewest effective draws are {ess:.0f}, expected at least {needed:.0f}"
    )
    return diagnostic("CD652", message, hint="draw more samples, or standardise the model")


def divergent(count: int, of: int) -> Diagnostic:
    """CD653: NUTS met divergent transitions."""
    message = f"{count:,} of {of:,} transitions diverged"
    return diagnostic("CD653", message, hint="raise the target acceptance, or reparameterise")


def nothing_to_sample() -> Diagnostic:
    """CD654: a model without unknowns."""
    message = "the model has neither latents nor `prior` parameters to sample"
    return diagnostic("CD654", message, hint="fit by variational inference")


def as_text(value: Any) -> str:  # noqa: ANN401 (any value of a setting)
    """Return a setting's value as its author would write it."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(as_text(v) for v in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def needs_a_table(model: str) -> Diagnostic:
    """CD607: a file with numbers to learn, and no table to learn them from."""
    return diagnostic(
        "CD607",
        f"`{model}` has numbers to learn, and no table is given",
        hint="give `--data TABLE`, or give every number in the file",
    )


def foreign_predictors(model: str, reason: str) -> Diagnostic:
    """CD639: regressions in a saved fit that are not its model's."""
    return diagnostic(
        "CD639",
        f"the saved predictors are not those of `{model}`: {reason}",
        hint="fit again",
    )
