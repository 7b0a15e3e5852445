"""The register of diagnostic codes: each code once, never reused.

Families: CD0xx syntax, CD1xx names, CD2xx domains and shapes, CD3xx causal structure and roles,
CD4xx mechanisms and distributions, CD5xx data, CD6xx inference, CD7xx counterfactual queries,
CD8xx fairness, CD9xx internal.
"""

from __future__ import annotations

from dataclasses import dataclass

from causaldsl.diagnostics.model import Diagnostic, Label, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeInfo:
    """A registered code: its severity and its title, as ``docs/errors/`` heads its page."""

    code: str
    severity: Severity
    title: str


CODES: dict[str, CodeInfo] = {}


def _register(code: str, severity: Severity, title: str) -> None:
    if code in CODES:
        raise ValueError(f"{code} is registered twice")
    CODES[code] = CodeInfo(code=code, severity=severity, title=title)


# --- CD0xx syntax -------------------------------------------------------------------------
# --- CD1xx names --------------------------------------------------------------------------
# --- CD2xx domains and shapes -------------------------------------------------------------
# --- CD3xx causal structure and roles -----------------------------------------------------
# --- CD4xx mechanisms and distributions ---------------------------------------------------
# --- CD5xx data ---------------------------------------------------------------------------
# --- CD6xx inference ----------------------------------------------------------------------
# --- CD7xx counterfactual queries ---------------------------------------------------------
# --- CD8xx fairness -----------------------------------------------------------------------
# --- CD9xx internal -----------------------------------------------------------------------


def diagnostic(
    code: str,
    message: str,
    *labels: Label,
    place: str | None = None,
    notes: tuple[str, ...] = (),
    hint: str | None = None,
) -> Diagnostic:
    """Return a diagnostic with the severity registered for its code."""
    return Diagnostic(
        code=code,
        severity=CODES[code].severity,
        message=message,
        labels=labels,
        place=place,
        notes=notes,
        hint=hint,
    )
