"""``check``, ``fmt`` and ``explain``: commands about the text alone."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.terminal import (
    overrides_of,
    print_diagnostics,
    stop_on_errors,
    use_color,
    write_file,
)
from causaldsl.diagnostics.model import Diagnostic

SET = typer.Option([], "--set", metavar="NAME=VALUE", help="Override a `param` of the file.")


def check(
    files: list[Path] = typer.Argument(..., help="Model files."),
    set_: list[str] = SET,
    json_: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
    strict: bool = typer.Option(False, "--strict", help="Exit with 1 when there are warnings."),
) -> None:
    """Check models: names, domains, roles, structure, mechanisms, claims."""
    from causaldsl import pipeline

    overrides = overrides_of(set_)
    found: list[Diagnostic] = []
    for path in files:
        checked = pipeline.check_file(path, overrides)
        found += checked.diagnostics
        if not json_:
            print_diagnostics(checked.diagnostics)
            if checked.scm is not None:
                print(pipeline.summary_line(path, checked))
    if json_:
        import json

        from causaldsl.diagnostics.render import render_json

        print(json.dumps(render_json(found), indent=2, ensure_ascii=False))
    code = exit_codes.exit_code(found)
    raise typer.Exit(code or (exit_codes.FINDINGS if strict and found else exit_codes.OK))


def fmt(
    files: list[str] = typer.Argument(..., help="Model files; `-` reads standard input."),
    check_only: bool = typer.Option(
        False, "--check", help="Change nothing; exit with 1 if a file would change."
    ),
    diff: bool = typer.Option(False, "--diff", help="Print what would change."),
) -> None:
    """Bring models into the canonical form; comments stay."""
    from causaldsl import pipeline

    changed = False
    for name in files:
        before, after, findings = pipeline.format_file(name)
        if after is None:
            stop_on_errors(findings)
            continue
        differs = after != before
        changed |= differs
        if diff and differs:
            import difflib

            lines = difflib.unified_diff(
                before.splitlines(keepends=True),
                after.splitlines(keepends=True),
                name,
                f"{name} (formatted)",
            )
            sys.stdout.writelines(lines)
        elif name == "-":
            sys.stdout.write(after)
        elif differs and not check_only:
            write_file(Path(name), after)
            print(f"formatted {name}")
        elif differs:
            print(f"would format {name}")
    raise typer.Exit(exit_codes.FINDINGS if changed and (check_only or diff) else exit_codes.OK)


def explain(
    code: str = typer.Argument(..., help="A code, such as CD102, or `all` for the list."),
) -> None:
    """Explain a diagnostic code."""
    from causaldsl import pipeline

    text = pipeline.explain(code)
    if text is None:
        from causaldsl.diagnostics.codes import CODES
        from causaldsl.diagnostics.suggest import suggest

        near = suggest(code.upper(), list(CODES))
        hint = f"; did you mean {near[0]}" if near else ""
        raise typer.BadParameter(f"there is no code `{code}`{hint}")
    if use_color(sys.stdout):
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        print(text)
