"""What effects and decoded tables are to a caller: text, tables, files, and a notebook's view."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from causaldsl import effects, worlds
from causaldsl.diagnostics.model import Diagnostic

if TYPE_CHECKING:
    import pandas as pd

    from causaldsl.fairness.effects import Effect, EffectsReport
    from causaldsl.reports.document import Document

_SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Effects of one variable on an outcome: read them, save them, go on with each row's."""

    result: EffectsReport = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each unit: its number, its levels, its effects with the draws' errors."""
        return effects.effects_frame(self.result)

    @property
    def summary(self) -> pd.DataFrame:
        """One row for each mean effect: contrast, rows, estimand, version, figures."""
        return effects.effects_summary(self.result)

    @property
    def document(self) -> Document:
        """The effects as assumptions, tables and findings."""
        from causaldsl.reports.effects_tables import document_of_effects

        return document_of_effects(self.result)

    @property
    def text(self) -> str:
        """The effects as plain text."""
        from causaldsl.reports.effects_tables import render_effects

        return render_effects(self.result, ".txt")

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings of the fit, the table and the abduction."""
        return self.result.findings

    def effect(
        self, estimand: str, version: str, *, contrast: str | None = None, name: str = "all rows"
    ) -> Effect:
        """Return one mean effect: ``effect("abducted", "probability").estimate``.

        Parameters
        ----------
        contrast
            The first one when not given: ``"a=1 against a=0"``.
        name
            The rows: ``all rows``, a level such as ``a=1``, or a stratum such as ``r=0, s=1``.

        Raises
        ------
        KeyError
            If there is none of this name.
        """
        return self.result.effect(estimand, version, contrast=contrast, name=name)

    def save(self, path: str | Path) -> None:
        """Write each row's effects (CSV, Parquet), the report (text, Markdown), or both (JSON)."""
        effects.write_effects(self.result, Path(path))

    @override
    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from causaldsl.reports.render_html import render_html

        return render_html(self.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A decoded table: bind it again, fit on it, or hold it against the real one."""

    result: worlds.Generated = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """The table, in the columns of the training one."""
        return self.result.frame

    @property
    def rows(self) -> list[int]:
        """The number of the given row behind each row, counted from 1."""
        found: list[int] = self.result.rows.rows.tolist()
        return found

    @property
    def head(self) -> str:
        """How the table was made, as text."""
        return "\n".join(worlds.generated_head(self.result))

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings of the fit and the table."""
        return self.result.answerer.findings

    def save(self, path: str | Path) -> None:
        """Write the table as CSV, Parquet or JSON."""
        from causaldsl.data.tables import write_table

        write_table(self.frame, path)

    def _repr_html_(self) -> str:
        frame = self.frame
        shown = frame.head(_SHOWN_ROWS).to_html(index=False, float_format=lambda v: f"{v:.4g}")
        left = len(frame) - _SHOWN_ROWS
        more = f"<p>and {left:,} more rows</p>" if left > 0 else ""
        return f"<pre>{html.escape(self.head)}</pre>{shown}{more}"
