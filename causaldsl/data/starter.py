"""A starter `.scm` file from a table: guessed domains, written-out levels, arrows left to draw.

Everything is a guess from the values and says so. Whatever the columns are called, the text
parses: names are made safe, and the table's own name stands in quotes behind `from`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from causaldsl.data import findings
from causaldsl.data.guessing import Guess, guess_domain
from causaldsl.data.quoting import identifiers, level_text, quote
from causaldsl.data.tables import to_frame
from causaldsl.diagnostics.model import DataError

_WIDTH = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    role: str
    name: str
    column: str
    guess: Guess


def starter_text(
    table: object,
    *,
    sensitive: Sequence[str] = (),
    outcome: str | None = None,
    name: str = "model",
) -> str:
    """Return the text of a model file that declares a table's columns.

    Parameters
    ----------
    table
        Whatever `causaldsl.data.tables.to_frame` takes.
    sensitive
        Columns of protected attributes.
    outcome
        The column to predict.
    name
        What to call the model; made an identifier if it is none.

    Raises
    ------
    DataError
        CD507 for a column that the table lacks.
    """
    frame = to_frame(table)
    _check_columns(frame, [*sensitive, *([] if outcome is None else [outcome])])
    (model,), names = identifiers([name]), identifiers(frame.columns)
    lines, left_out = _declared(frame, names, sensitive, outcome)
    parts = [
        *_opening(frame, model),
        *_missing(frame, lines),
        *map(_declaration, lines),
        *_notes_left_out(left_out),
        *_skeleton(lines),
    ]
    return "\n".join(parts) + "\n"


def _check_columns(frame: pd.DataFrame, wanted: Collection[str]) -> None:
    known = list(frame.columns)
    unknown = [column for column in wanted if column not in known]
    if unknown:
        raise DataError([findings.unknown_column(c, None, known) for c in unknown])


def _declared(
    frame: pd.DataFrame, names: Sequence[str], sensitive: Sequence[str], outcome: str | None
) -> tuple[list[_Line], list[tuple[str, str]]]:
    lines: list[_Line] = []
    left_out: list[tuple[str, str]] = []
    for column, name in zip(frame.columns, names, strict=True):
        role = "observed"
        if column == outcome:
            role = "outcome"
        elif column in sensitive:
            role = "sensitive"
        guess = guess_domain(frame[column], role)
        if guess.leave_out is not None:
            left_out.append((column, guess.leave_out))
        else:
            lines.append(_Line(role=role, name=name, column=column, guess=guess))
    order = {"sensitive": 0, "observed": 1, "outcome": 2}
    return sorted(lines, key=lambda line: order[line.role]), left_out


# --- text -----------------------------------------------------------------------------------


def _opening(frame: pd.DataFrame, name: str) -> list[str]:
    return [
        f"# A starting point, guessed from a table of {len(frame):,} row"
        f"{'' if len(frame) == 1 else 's'}: correct the domains,",
        "# then draw the arrows below, each from a cause to its effect.",
        f'scm {name} "a starting point"',
        "",
    ]


def _missing(frame: pd.DataFrame, lines: Sequence[_Line]) -> list[str]:
    lacking = frame[[line.column for line in lines]].isna().any(axis=1)
    if not lacking.any():
        return []
    note = f"# {int(lacking.sum()):,} of {len(frame):,} rows lack a value: they are left out"
    return [note, "missing drop", ""]


def _declaration(line: _Line) -> str:
    guess = line.guess
    domain = guess.domain
    if guess.levels:
        joined = ", ".join(level_text(level) for level in guess.levels)
        domain = f"{{{joined}}}"
        if len(joined) > _WIDTH:
            domain = "{\n  " + _wrapped([level_text(level) for level in guess.levels]) + "\n}"
    text = f"{line.role} {line.name} : {domain}"
    if line.name != line.column:
        text += f" from {quote(line.column)}"
    if guess.recode:
        text += f" as {{{', '.join(f'{quote(key)}: {value}' for key, value in guess.recode)}}}"
    return f"# {guess.remark}\n{text}" if guess.remark else text


def _wrapped(words: Sequence[str]) -> str:
    rows: list[str] = [""]
    for i, word in enumerate(words):
        piece = word if i == len(words) - 1 else f"{word},"
        if rows[-1] and len(rows[-1]) + len(piece) > _WIDTH:
            rows.append(piece)
        else:
            rows[-1] = f"{rows[-1]} {piece}".strip()
    return "\n  ".join(rows)


def _notes_left_out(left_out: Sequence[tuple[str, str]]) -> list[str]:
    if not left_out:
        return []
    return ["", "# Left out:", *(f"#   {quote(column)}: {why}" for column, why in left_out)]


def _skeleton(lines: Sequence[_Line]) -> list[str]:
    by_role = {
        role: [line.name for line in lines if line.role == role]
        for role in ("sensitive", "observed", "outcome")
    }
    causes, features, outcomes = by_role.values()
    drawn = [
        f"# {', '.join(left[:6])} -> {', '.join(right[:6])}"
        for left, right in ((causes, features), (features, outcomes))
        if left and right
    ]
    asked = [f"# predict {outcomes[0]} from U"] if outcomes else []
    return [
        "",
        "# Next: say who causes whom. Take away the `#` where you agree, and draw your own arrows.",
        '# latent U : real "what the features have in common"',
        *([f"# U -> {', '.join((features + outcomes)[:6])}"] if features or outcomes else []),
        *drawn,
        *asked,
    ]
