"""What can be wrong with the user's table: one function per registered CD5xx code.

Places are a column and data rows. Rows are counted from 1, the header apart, as a user counts
the data rows of a file; messages list a few of them and say how many more there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.diagnostics.suggest import suggest

#: Positions of rows, counted from 0.
Rows = Sequence[int] | NDArray[np.intp]

_LISTED = 5
_WIDTH = 60


def shown(value: object) -> str:
    """Return a name or a cell for a message: control and direction marks escaped, cut short."""
    text = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value)
    )
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def quoted(names: Sequence[object], limit: int = _LISTED) -> str:
    """Return names in backquotes, the first few of them."""
    listed = ", ".join(f"`{shown(name)}`" for name in names[:limit])
    rest = len(names) - limit
    return f"{listed} and {rest:,} more" if rest > 0 else listed


def rows_text(rows: Rows) -> str:
    """Return ``rows 3, 17, 40 and 12 more`` for 0-based positions."""
    listed = ", ".join(str(int(row) + 1) for row in rows[:_LISTED])
    rest = len(rows) - _LISTED
    word = "row" if len(rows) == 1 else "rows"
    return f"{word} {listed} and {rest:,} more" if rest > 0 else f"{word} {listed}"


def _place(column: str, rows: Rows = ()) -> str:
    place = f"column `{shown(column)}`"
    return f"{place}, {rows_text(rows)}" if len(rows) else place


def _counted(values: Mapping[object, int]) -> str:
    ordered = sorted(values.items(), key=lambda item: (-item[1], str(item[0])))
    listed = ", ".join(f"`{shown(value)}` ({count:,})" for value, count in ordered[:_LISTED])
    rest = len(ordered) - _LISTED
    return f"{listed} and {_times(rest, 'more value')}" if rest > 0 else listed


def _times(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _rows_hold(number: int) -> str:
    return "1 row holds" if number == 1 else f"{number:,} rows hold"


def did_you_mean(name: str, candidates: Sequence[str]) -> str | None:
    """Return a hint that offers the nearest of some names, if any is near."""
    near = suggest(name, candidates)
    return f"did you mean {' or '.join(f'`{shown(n)}`' for n in near)}?" if near else None


# --- the file -------------------------------------------------------------------------------


def table_not_found(path: str) -> Diagnostic:
    """CD501: there is no such file."""
    return codes.diagnostic(
        "CD501",
        f"there is no table at `{shown(path)}`",
        place=shown(path),
        hint="check the path",
    )


def table_unreadable(path: str, why: str, hint: str | None = None) -> Diagnostic:
    """CD502: a directory, a damaged file, an unknown format."""
    message = f"`{shown(path)}` cannot be read as a table: {why}"
    return codes.diagnostic("CD502", message, place=shown(path), hint=hint)


def table_not_utf8(path: str, line: int, byte: int) -> Diagnostic:
    """CD503: bytes that are no UTF-8 text."""
    return codes.diagnostic(
        "CD503",
        f"`{shown(path)}` is not UTF-8 text: byte 0x{byte:02x} in line {line:,}",
        place=f"{shown(path)}, line {line}",
        hint="save the table as UTF-8",
    )


def ragged_rows(path: str, expected: int, rows: Sequence[tuple[int, int]]) -> Diagnostic:
    """CD504: rows with more or fewer fields than the header; `rows` holds (row, fields)."""
    row, fields = rows[0]
    found = f"row {row:,} has {_times(fields, 'field')}"
    more = f", and {_times(len(rows) - 1, 'other row')} differ too" if len(rows) > 1 else ""
    return codes.diagnostic(
        "CD504",
        f"the header names {_times(expected, 'column')}, but {found}{more}",
        place=f"{shown(path)}, {rows_text([r - 1 for r, _ in rows])}",
        hint="put fields that hold a comma in double quotes",
    )


def wrong_separator(path: str, separator: str) -> Diagnostic:
    """CD509: the fields seem to be separated by something other than commas."""
    word = {";": "semicolons", "\t": "tabs"}[separator]
    way = "save it with commas" if separator == ";" else "name it `.tsv` or save it with commas"
    return codes.diagnostic(
        "CD509",
        f"the fields of `{shown(path)}` are separated by {word}, expected commas",
        place=shown(path),
        hint=way,
    )


def duplicate_columns(names: Sequence[str]) -> Diagnostic:
    """CD505: a column name that stands more than once."""
    return codes.diagnostic(
        "CD505",
        f"the table has more than one column named {quoted(names)}",
        place=_place(names[0]),
        hint="give every column a name of its own",
    )


def empty_table(path: str | None, header: bool) -> Diagnostic:
    """CD506: no rows."""
    what = f"`{shown(path)}`" if path else "the table"
    message = f"{what} has column names but no rows" if header else f"{what} is empty"
    return codes.diagnostic("CD506", message, place=shown(path) if path else None)


def unequal_columns(lengths: Mapping[str, int]) -> Diagnostic:
    """CD504: arrays of different lengths given as one table."""
    found = ", ".join(f"`{shown(name)}` {n:,}" for name, n in list(lengths.items())[:_LISTED])
    return codes.diagnostic("CD504", f"the columns have different lengths: {found}")


def cannot_write(path: str, why: str, hint: str | None = None) -> Diagnostic:
    """CD524: a table that cannot be written."""
    message = f"cannot write `{shown(path)}`: {why}"
    return codes.diagnostic("CD524", message, place=shown(path), hint=hint)


# --- columns --------------------------------------------------------------------------------


def unknown_column(column: str, variable: str | None, candidates: Sequence[str]) -> Diagnostic:
    """CD507: a column that the table lacks."""
    use = f", which `{variable}` is read from" if variable not in (None, column) else ""
    listed = f"its columns are {quoted(candidates, 12)}" if candidates else "it has no columns"
    return codes.diagnostic(
        "CD507",
        f"the table has no column `{shown(column)}`{use}",
        place=_place(column),
        notes=(listed,),
        hint=did_you_mean(column, candidates),
    )


def no_true_pictures(column: str, candidates: Sequence[str]) -> Diagnostic:
    """CD507: a column that `--truth` names and the table lacks."""
    return codes.diagnostic(
        "CD507",
        f"the table has no column `{shown(column)}`, named by `--truth`",
        place=_place(column),
        notes=(f"its columns are {quoted(candidates, 12)}",),
        hint=did_you_mean(column, candidates),
    )


def as_evidence(finding: Diagnostic) -> Diagnostic:
    """Return a finding on a table that must hold all evidence; what it lacks may be left out."""
    if finding.code != "CD507":
        return finding
    way = "name what the table knows with `--evidence` (in Python `evidence=`)"
    if finding.hint is None:
        return replace(finding, hint=way)
    return replace(finding, notes=(*finding.notes, f"or {way}"))


def wrong_column_count(variable: str, size: int, columns: Sequence[str]) -> Diagnostic:
    """CD508: an array and its columns differ in number, or a range runs backwards."""
    found = f"{_times(len(columns), 'column')} ({quoted(columns, 3)})" if columns else "no column"
    return codes.diagnostic(
        "CD508",
        f"`{variable}` takes {_times(size, 'column')}, but its `from` gives {found}",
        place=_place(columns[0]) if columns else None,
        hint=f"write {_times(size, 'column')} behind `from`, in the table's order",
    )


def many_cells(column: str, shape: Sequence[int]) -> Diagnostic:
    """CD508: an array with several numbers a row, handed over as one column."""
    return codes.diagnostic(
        "CD508",
        f"`{shown(column)}` is an array of shape ({', '.join(map(str, shape))}), and a column "
        "holds one value for each row",
        place=_place(column),
        hint=f"give each of its cells a column: `{shown(column)}1`, `{shown(column)}2` and so on",
    )


# --- cells ----------------------------------------------------------------------------------


def unseen_levels(
    variable: str,
    column: str,
    rows: Rows,
    values: Mapping[object, int],
    listed: Sequence[str],
    is_recode: bool,
) -> Diagnostic:
    """CD510: values that are neither a level of the variable nor recoded to one."""
    kind = "not listed behind `as`" if is_recode else f"no levels of `{variable}`"
    near = [suggest(str(v).strip(), listed) for v in list(values)[:_LISTED]]
    notes = [f"`{variable}` lists {quoted(listed, 12)}"]
    notes += [
        f"`{shown(v)}` resembles `{shown(n[0])}`"
        for v, n in zip(list(values)[:_LISTED], near, strict=True)
        if n
    ]
    return codes.diagnostic(
        "CD510",
        f"{_rows_hold(len(rows))} values that are {kind}: {_counted(values)}",
        place=_place(column, rows),
        notes=tuple(notes),
        hint="write `else drop` to leave these rows out, or map the values with `as {...}`",
    )


def missing_values(variable: str, column: str, rows: Rows, n: int) -> Diagnostic:
    """CD511: missing values where the policy is `missing error`."""
    return codes.diagnostic(
        "CD511",
        f"`{variable}` is missing in {len(rows):,} of {_times(n, 'row')}",
        place=_place(column, rows),
        hint="write `missing drop` to leave the rows out, or `missing latent` to integrate over it",
    )


def never_seen(variable: str, column: str, n: int) -> Diagnostic:
    """CD511: a `missing latent` variable without a single value."""
    return codes.diagnostic(
        "CD511",
        f"`{variable}` is missing in all {_times(n, 'row')}",
        place=_place(column),
        hint="declare it `latent`, or fill the column",
    )


def infinite_values(variable: str, column: str, rows: Rows) -> Diagnostic:
    """CD512: infinities."""
    return codes.diagnostic(
        "CD512",
        f"`{variable}` is infinite in {_times(len(rows), 'row')}",
        place=_place(column, rows),
        hint="replace infinities by numbers, or leave the fields empty and say what `missing` does",
    )


def not_numbers(
    variable: str, column: str, domain: str, rows: Rows, values: Mapping[object, int]
) -> Diagnostic:
    """CD513: text, dates or other things where numbers are expected."""
    return codes.diagnostic(
        "CD513",
        f"`{variable}` is {domain}, but {_rows_hold(len(rows))} no number: {_counted(values)}",
        place=_place(column, rows),
        hint="map the values with `as {...}`, or declare the levels as the domain",
    )


def fractional_counts(variable: str, column: str, rows: Rows, n: int, example: float) -> Diagnostic:
    """CD514: a count with a fractional part."""
    return codes.diagnostic(
        "CD514",
        f"`{variable}` is a count, but has fractions in {len(rows):,} of {_times(n, 'row')}, "
        f"such as {example:g}",
        place=_place(column, rows),
        hint=f'write `from floor("{shown(column)}")`',
    )


def outside_domain(
    variable: str, column: str, domain: str, demand: str, rows: Rows, example: float
) -> Diagnostic:
    """CD515: numbers outside the variable's domain, or outside what its transform takes."""
    return codes.diagnostic(
        "CD515",
        f"`{variable}` {domain} and must be {demand}, but {_rows_hold(len(rows))} values "
        f"such as {example:g}",
        place=_place(column, rows),
        hint="choose a domain that holds these values, or mend the table",
    )


def not_binary(
    variable: str,
    column: str,
    rows: Rows,
    values: Mapping[object, int],
    distinct: Sequence[str],
) -> Diagnostic:
    """CD516: a binary with values other than 0, 1, True and False; `distinct` are all values."""
    hint = "declare the levels as the domain"
    if len(distinct) == 2:
        first, second = sorted(distinct)
        hint = f'write `as {{"{shown(first)}": 0, "{shown(second)}": 1}}`'
    return codes.diagnostic(
        "CD516",
        f"`{variable}` is binary, but {_rows_hold(len(rows))} other values than 0 and 1: "
        f"{_counted(values)}",
        place=_place(column, rows),
        hint=hint,
    )


# --- pictures -------------------------------------------------------------------------------


def not_a_picture(
    variable: str, column: str, rows: Rows, values: Mapping[object, int]
) -> Diagnostic:
    """CD525: cells of an image that are neither a file's name nor pixels."""
    return codes.diagnostic(
        "CD525",
        f"`{variable}` is an image, but {_rows_hold(len(rows))} no picture: {_counted(values)}",
        place=_place(column, rows),
        hint="write the names of picture files, or arrays of uint8 or of numbers from 0 to 1",
    )


def picture_not_found(
    variable: str, column: str, rows: Rows, names: Sequence[str], folder: str
) -> Diagnostic:
    """CD526: names of picture files that are not there."""
    verb = "is" if len(rows) == 1 else "are"
    return codes.diagnostic(
        "CD526",
        f"`{variable}` names {_times(len(rows), 'file')} that {verb} not there: {quoted(names)}",
        place=_place(column, rows),
        notes=(f"names are relative to {folder}",),
        hint="keep the pictures beside the table, or write whole paths",
    )


def unreadable_pictures(
    variable: str, column: str, rows: Rows, names: Sequence[str], reasons: Mapping[object, int]
) -> Diagnostic:
    """CD527: picture files that are damaged, too large, or of another format."""
    return codes.diagnostic(
        "CD527",
        f"`{variable}` names {_times(len(rows), 'file')} that cannot be read as pictures: "
        f"{quoted(names)}",
        place=_place(column, rows),
        notes=tuple(
            f"{_times(count, 'file')}: {shown(reason)}"
            for reason, count in list(reasons.items())[:_LISTED]
        ),
        hint="save the pictures again, as PNG or JPEG",
    )


def picture_sizes(
    variable: str, column: str, domain: str, rows: Rows, sizes: Mapping[object, int]
) -> Diagnostic:
    """CD528: pictures of another size than the domain says, or of several sizes."""
    (only,) = sizes if len(sizes) == 1 else ("",)
    hint = "bring all pictures to one size and number of channels"
    if str(only).startswith("image["):
        hint = f"convert the pictures, or declare `{variable} : {only}`"
    return codes.diagnostic(
        "CD528",
        f"`{variable}` is {domain}, but {_rows_hold(len(rows))} pictures of other sizes: "
        f"{_counted(sizes)}",
        place=_place(column, rows),
        hint=hint,
    )


def pixels_outside(variable: str, column: str, rows: Rows, example: str) -> Diagnostic:
    """CD529: pixels below 0, above 1, or NaN."""
    return codes.diagnostic(
        "CD529",
        f"the pixels of `{variable}` lie from 0 to 1, but {_rows_hold(len(rows))} pixels such as "
        f"{example}",
        place=_place(column, rows),
        hint="divide pixels up to 255 by 255, or hand them over as uint8; fill in what is NaN",
    )


def too_many_pixels(
    variable: str, column: str, domain: str, n: int, needed: int, most: int
) -> Diagnostic:
    """CD534: pictures that would not fit into the memory."""
    return codes.diagnostic(
        "CD534",
        f"{_times(n, 'row')} of `{variable}` as {domain} take {needed / 2**30:.1f} GiB, "
        f"at most {most / 2**30:.0f} GiB are read",
        place=_place(column),
        hint="use fewer rows, or smaller pictures",
    )


# --- the table as a whole -------------------------------------------------------------------


def no_rows_left(dropped: Mapping[str, int], n: int) -> Diagnostic:
    """CD517: every row was dropped."""
    notes = tuple(f"{count:,} rows: {reason}" for reason, count in dropped.items() if count)
    return codes.diagnostic(
        "CD517",
        f"none of the {_times(n, 'row')} is left after `else drop` and `missing drop`",
        notes=notes,
        hint="compare the levels in the model with the values in the table",
    )


def constant_sensitive(variable: str, column: str, value: object, n: int) -> Diagnostic:
    """CD518: a sensitive variable that never varies cannot be learned from."""
    return codes.diagnostic(
        "CD518",
        f"the sensitive variable `{variable}` is `{shown(value)}` in all {_times(n, 'row')}",
        place=_place(column),
        hint="use a table in which it varies",
    )


def too_few_rows(n: int) -> Diagnostic:
    """CD519: fewer than two rows to fit to."""
    return codes.diagnostic(
        "CD519", f"a fit needs at least 2 rows, but the table gives {_times(n, 'row')}"
    )


def constant_column(variable: str, column: str, value: object, n: int) -> Diagnostic:
    """CD520 (warning): a modelled variable that never varies."""
    return codes.diagnostic(
        "CD520",
        f"`{variable}` is `{shown(value)}` in all {_times(n, 'row')}, so nothing can be learned "
        "from it",
        place=_place(column),
    )


def level_never_occurs(variable: str, column: str, levels: Sequence[str]) -> Diagnostic:
    """CD521 (warning): declared levels that no row has."""
    verb = "occurs" if len(levels) == 1 else "occur"
    return codes.diagnostic(
        "CD521",
        f"{quoted(levels)} of `{variable}` never {verb} in the table",
        place=_place(column),
        hint="check the spelling, or leave the level out",
    )


def fewer_rows_than_columns(n: int, columns: int) -> Diagnostic:
    """CD522 (warning): more columns than rows."""
    return codes.diagnostic(
        "CD522",
        f"the model reads {_times(columns, 'column')}, but only {_times(n, 'row')} are left to "
        "learn from",
    )


def more_findings(number: int) -> Diagnostic:
    """CD523 (note): findings that were left out of the list."""
    verb = "is" if number == 1 else "are"
    return codes.diagnostic(
        "CD523", f"{_times(number, 'more finding')} about this table {verb} not listed"
    )
