"""Diagnostics of abduction, built next to the engines that find them."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic

_SHOWN = 10


def rows_text(rows: Sequence[int]) -> str:
    """Return a short list of row numbers."""
    shown = ", ".join(str(r) for r in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def impossible_value(name: str, rows: Sequence[int]) -> Diagnostic:
    """Report evidence that the variable's mechanism cannot give."""
    return diagnostic(
        "CD701",
        f"the evidence gives `{name}` values that its mechanism cannot produce",
        place=rows_text(rows),
        hint="check these rows, or leave the variable out of the evidence",
    )


def contradiction(names: Sequence[str], rows: Sequence[int]) -> Diagnostic:
    """Report evidence whose parts exclude each other under the model."""
    listed = ", ".join(f"`{n}`" for n in names)
    return diagnostic(
        "CD702",
        f"the evidence has probability zero: nothing unseen gives {listed} together",
        place=rows_text(rows),
        hint="check these rows, or give less evidence",
    )


def no_engine(label: str, reasons: Sequence[str]) -> Diagnostic:
    """Report that there is no way to the posterior of some unseen variables."""
    return diagnostic(
        "CD703",
        f"no engine finds the posterior of {label}",
        notes=tuple(reasons),
        hint="change the evidence so that the variable follows from it or does not matter",
    )


def engine_refuses(engine: str, label: str, reason: str) -> Diagnostic:
    """Report that the engine asked for does not apply."""
    return diagnostic(
        "CD704",
        f"the engine `{engine}` does not apply to {label}: {reason}",
        hint="leave the engine out, and the best one that applies is chosen",
    )


def engine_beside_encoder(engine: str) -> Diagnostic:
    """Report an engine that is asked for together with the encoder's own draws."""
    return diagnostic(
        "CD704",
        f"the engine `{engine}` does not apply to the encoder, whose draws are taken as trained",
        hint="leave the engine out, or ask for the posterior in place of the encoder",
    )


def unknown_engine(engine: str, known: Sequence[str]) -> Diagnostic:
    """Report a name that no engine has."""
    return diagnostic(
        "CD705",
        f"there is no engine `{engine}`",
        hint=f"use one of {', '.join(f'`{k}`' for k in known)}",
    )


def no_encoder(label: str, reason: str) -> Diagnostic:
    """Report that the encoder's answer is asked for, and none reads this evidence."""
    return diagnostic(
        "CD706",
        f"the encoder cannot answer for {label}: {reason}",
        hint="ask for the posterior (`--as posterior`), or give what a guide was fitted for",
    )


def low_sample_size(rows: Sequence[int], n_rows: int, least: float, draws: int) -> Diagnostic:
    """Report importance weights that rest on few draws."""
    return diagnostic(
        "CD710",
        f"the importance weights of {len(rows)} of {n_rows} rows rest on fewer than a tenth of "
        f"their {draws} draws (the least on {least:.1f})",
        place=rows_text(rows),
        hint='ask for more draws, or for engine="laplace"',
    )


def not_converged(label: str, rows: Sequence[int]) -> Diagnostic:
    """Report rows whose mode the search did not reach."""
    return diagnostic(
        "CD711",
        f"the search for the most probable {label} did not converge in {len(rows)} rows",
        place=rows_text(rows),
        hint="do not rely on these rows: their proposal may be far from the posterior",
    )
