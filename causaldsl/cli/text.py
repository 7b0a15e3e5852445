"""``check``, ``fmt`` and ``explain``: commands about the text alone."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.terminal import (
    model_file,
    overrides_of,
    print_diagnostics,
    usage_error,
    use_color,
    write_file,
    write_out,
)
from causaldsl.diagnostics.model import Diagnostic

MODEL = typer.Argument(..., metavar="MODEL", help="A model file (.scm).")
SET = typer.Option([], "--set", metavar="NAME=VALUE", help="Override a `param` of the file.")


def check(
    files: list[Path] = typer.Argument(
        ..., metavar="FILE", help="Model files; `-` reads standard input."
    ),
    set_: list[str] = SET,
    json_: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
    strict: bool = typer.Option(False, "--strict", help="Exit with 1 when there are warnings."),
) -> None:
    """Check models: names, domains, roles, structure, mechanisms, claims."""
    from causaldsl import pipeline

    overrides = overrides_of(set_)
    found: list[Diagnostic] = []
    for path in files:
        checked = pipeline.check_named(str(model_file(path)), overrides)
        found += checked.diagnostics
        if json_:
            continue
        print_diagnostics(checked.diagnostics)
        if checked.scm is not None:
            print(pipeline.summary_line(path, checked))
        elif sum(d.severity == "error" for d in checked.diagnostics) > 1 or len(files) > 1:
            print(pipeline.summary_line(path, checked), file=sys.stderr)
    if json_:
        import json

        from causaldsl.diagnostics.render import render_json

        write_out(json.dumps(render_json(found), indent=2, ensure_ascii=False) + "\n")
    code = exit_codes.exit_code(found, of_model=True)
    raise typer.Exit(code or (exit_codes.FINDINGS if strict and found else exit_codes.OK))


def fmt(
    files: list[str] = typer.Argument(
        ..., metavar="FILE", help="Model files; `-` reads standard input."
    ),
    check_only: bool = typer.Option(
        False, "--check", help="Change nothing; exit with 1 if a file would change."
    ),
    diff: bool = typer.Option(
        False, "--diff", help="Change nothing; print what would change, exit with 1 if so."
    ),
) -> None:
    """Bring models into the canonical form; comments stay."""
    from causaldsl import pipeline

    changed, wrong = False, exit_codes.OK
    for name in files:
        before, after, findings = pipeline.format_file(str(model_file(Path(name))))
        if after is None:
            print_diagnostics(findings)
            wrong = wrong or exit_codes.exit_code(findings)
            continue
        changed |= after != before
        _show_formatted(name, before, after, check_only=check_only, diff=diff)
    raise typer.Exit(wrong or (exit_codes.FINDINGS if changed and (check_only or diff) else 0))


def _show_formatted(name: str, before: str, after: str, *, check_only: bool, diff: bool) -> None:
    if diff:
        write_out(_difference(name, before, after))
    elif name == "-" and not check_only:
        write_out(after)
    elif after != before and check_only:
        print(f"would format {name}")
    elif after != before:
        write_file(Path(name), after)
        print(f"formatted {name}")


def _difference(name: str, before: str, after: str) -> str:
    import difflib

    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name,
        f"{name} (formatted)",
    )  # fmt: skip
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def explain(
    code: str = typer.Argument(
        ..., metavar="CODE", help="A code, such as CD102, or `all` for the list."
    ),
) -> None:
    """Explain a diagnostic code."""
    from causaldsl import pipeline

    text = pipeline.explain(code)
    if text is None:
        from causaldsl.diagnostics.codes import CODES
        from causaldsl.diagnostics.suggest import suggest

        near = suggest(code.upper(), list(CODES))
        hint = f"; did you mean {near[0]}?" if near else "; `explain all` lists them"
        raise usage_error(f"there is no code `{code}`{hint}")
    if use_color(sys.stdout):
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        print(text)
