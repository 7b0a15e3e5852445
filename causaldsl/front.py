"""The text half of the pipeline: a file parsed, checked, drawn, lowered and compiled.

Nothing here waits for torch before a module is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from causaldsl.diagnostics.model import Diagnostic, ModelError
from causaldsl.source import SourceFile

if TYPE_CHECKING:
    from causaldsl.drawing.picture import Format
    from causaldsl.drawing.theme import Theme
    from causaldsl.ir.nodes import GuideProgram, Objective
    from causaldsl.ir.nodes import Program as IrProgram
    from causaldsl.runtime.load import CompiledScm
    from causaldsl.semantics.model import Scm
    from causaldsl.syntax.nodes import Program

Overrides = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file read, parsed and checked; `scm` is None when there are errors."""

    program: Program | None
    scm: Scm | None
    diagnostics: tuple[Diagnostic, ...]


# --- text -----------------------------------------------------------------------------------


def check_source(source: SourceFile, overrides: Overrides | None = None) -> Checked:
    """Parse and check a text."""
    from causaldsl.diagnostics.collect import without_echoes
    from causaldsl.semantics.check import check
    from causaldsl.syntax.parser import parse

    program, syntax = parse(source)
    if program is None:
        return Checked(program=None, scm=None, diagnostics=syntax)
    scm, semantic = check(program, source, overrides=dict(overrides or {}))
    failed = any(d.severity == "error" for d in syntax)
    found = (*syntax, *without_echoes(semantic, syntax))
    return Checked(program=program, scm=None if failed else scm, diagnostics=found)


def check_file(path: Path | str, overrides: Overrides | None = None) -> Checked:
    """Read, parse and check a file."""
    from causaldsl.syntax.parser import read_source

    source, findings = read_source(path)
    if source is None:
        return Checked(program=None, scm=None, diagnostics=findings)
    return check_source(source, overrides)


def check_named(name: str, overrides: Overrides | None = None) -> Checked:
    """Read, parse and check a file, or standard input for ``-``."""
    source, findings = read_text(name)
    if source is None:
        return Checked(program=None, scm=None, diagnostics=findings)
    return check_source(source, overrides)


def read_text(name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """Return the text of a file, of standard input for ``-``, or why there is none."""
    import sys

    from causaldsl.syntax.parser import decode_source, read_source

    if name != "-":
        return read_source(name)
    stream = getattr(sys.stdin, "buffer", None)
    data = sys.stdin.read().encode() if stream is None else stream.read()
    return decode_source(data, "<stdin>")


def checked_scm(model: Path | str | SourceFile, overrides: Overrides | None = None) -> Scm:
    """Return the checked model of a file or a text.

    Raises
    ------
    ModelError
        With every finding, when the model is wrong.
    """
    checked = (
        check_source(model, overrides)
        if isinstance(model, SourceFile)
        else check_file(model, overrides)
    )
    if checked.scm is None:
        raise ModelError(checked.diagnostics)
    return checked.scm


def summary_line(path: Path, checked: Checked) -> str:
    """Return one line about a model: what it is, or how many mistakes it has."""
    scm = checked.scm
    warnings = sum(d.severity == "warning" for d in checked.diagnostics)
    if scm is None:
        errors = sum(d.severity == "error" for d in checked.diagnostics)
        counted = [f"{errors} error{'s' if errors != 1 else ''}"]
        counted += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
        return f"{path}: {', '.join(counted)}"
    proved = sum(c.holds is True for c in scm.claims)
    said = [
        f"{len(scm.observed)} observed and {len(scm.unobserved)} unobserved variables",
        f"{scm.graph.number_of_edges()} arrows",
    ]
    said += [f"{proved} of {len(scm.claims)} claims proved"] if scm.claims else []
    said += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    return f"{path}: ok ({', '.join(said)})"


def format_file(name: str) -> tuple[str, str | None, tuple[Diagnostic, ...]]:
    """Return a file's text, its canonical form (None when it does not parse), and findings."""
    from causaldsl.syntax.parser import parse
    from causaldsl.syntax.printer import print_program

    source, findings = read_text(name)
    if source is None:
        return "", None, findings
    program, findings = parse(source)
    if program is None or any(d.severity == "error" for d in findings):
        return source.text, None, findings
    return source.text, print_program(program), findings


def explain(code: str) -> str | None:
    """Return the page of a diagnostic code, or the list of all codes for ``all``."""
    from causaldsl.diagnostics.codes import CODES
    from causaldsl.diagnostics.pages import page_of

    if code.lower() == "all":
        return "\n".join(f"{c.code}  {c.severity:7}  {c.title}" for c in CODES.values())
    return page_of(code.upper()) if code.upper() in CODES else None


# --- pictures -------------------------------------------------------------------------------


def draw(
    scm: Scm,
    fmt: Format,
    *,
    do: Sequence[str] = (),
    twin: bool = False,
    theme: Theme = "auto",
    use_dot: bool | None = None,
) -> bytes:
    """Return a picture of the model's graph."""
    from causaldsl.drawing.picture import render

    return render(
        scm.graph, fmt, title=scm.title or scm.name, do=intervened(scm, do), twin=twin,
        theme=theme, use_dot=use_dot,
    )  # fmt: skip


def intervened(scm: Scm, do: Sequence[str]) -> tuple[str, ...]:
    """Return the variables that interventions set: ``S``, ``S=Black`` and ``S, G`` all name some.

    Raises
    ------
    CounterfactualError
        For a name that no variable has.
    """
    from causaldsl.counterfactual.wording import targets

    return targets(do, scm) if do else ()


# --- compile --------------------------------------------------------------------------------


def compile_text(scm: Scm) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Return the text of the Pyro module of a model, or what refuses to compile."""
    from causaldsl.codegen.pyro_module import emit
    from causaldsl.version import VERSION

    stages, findings = lower_scm(scm)
    if stages is None:
        return None, findings
    program, guides, objective = stages
    return emit(program, guides, objective, VERSION), findings


def lower_scm(
    scm: Scm,
) -> tuple[tuple[IrProgram, tuple[GuideProgram, ...], Objective] | None, tuple[Diagnostic, ...]]:
    """Return ``(program, guides, objective)`` in IR, or None with the refusals."""
    from causaldsl.ir.guide import derive_guides
    from causaldsl.ir.lower import lower
    from causaldsl.ir.objective import lower_objective
    from causaldsl.ir.verify import verify

    program, findings = lower(scm)
    objective, more = lower_objective(scm)
    if program is None:
        return None, (*findings, *more)
    guides, guide_findings = derive_guides(scm, verify(program))
    if objective is None or guide_findings:
        return None, (*more, *guide_findings)
    return (program, guides, objective), ()


def emit_file(
    path: Path, stage: str, overrides: Overrides | None = None
) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Return one stage of a file as text: python, ast, scm, ir or guide."""
    checked = check_file(path, overrides)
    if checked.program is None or (checked.scm is None and stage != "ast"):
        return None, checked.diagnostics
    if stage == "ast":
        from causaldsl.syntax.dump import dump

        return dump(checked.program) + "\n", checked.diagnostics
    assert checked.scm is not None
    if stage == "scm":
        from causaldsl.semantics.printer import print_scm

        return print_scm(checked.scm), checked.diagnostics
    if stage == "python":
        text, findings = compile_text(checked.scm)
        return text, (*checked.diagnostics, *findings)
    from causaldsl.ir.printer import print_guides, print_program

    stages, findings = lower_scm(checked.scm)
    if stages is None:
        return None, (*checked.diagnostics, *findings)
    program, guides, objective = stages
    shown = print_guides(guides) if stage == "guide" else print_program(program, objective)
    return shown, checked.diagnostics


def compile_scm(
    model: Path | str | SourceFile | Scm, overrides: Overrides | None = None
) -> CompiledScm:
    """Return a model compiled and loaded, ready to fit or to simulate.

    Raises
    ------
    ModelError
        When the model is wrong, or holds what this version does not compile.
    """
    from causaldsl.runtime.load import CompiledScm, load_module
    from causaldsl.semantics.model import Scm

    scm = model if isinstance(model, Scm) else checked_scm(model, overrides)
    text, findings = compile_text(scm)
    if text is None:
        raise ModelError(findings)
    return CompiledScm(scm=scm, text=text, module=load_module(text, scm.name))
