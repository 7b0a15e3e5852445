"""Every block of code on a page: models check clean, fragments under a header, commands exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from causaldsl import pipeline
from causaldsl.cli.main import app
from causaldsl.diagnostics.codes import CODES
from causaldsl.ir.plan import fit_obstacles
from causaldsl.source import SourceFile
from tests.deep_models import Pass, rows_of

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```([\w-]+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What a fragment is read under: the variables of the Law School examples.
HEADER = """\
scm example
param gamma = 1.2
sensitive S   : {White, Black, Asian}
observed  G   : real
observed  L   : count
outcome   Y   : real
latent    K
auxiliary S'
control   S''
K  -> G, L, Y
S' -> S, G, L, Y
S  -> G, L, Y
Y  -> S''
loss control = gamma * balance(mse(S', S''))
"""


def _blocks(*languages):
    return [
        pytest.param(info.strip(), text, id=f"{page.relative_to(ROOT)}:{number}")
        for page in PAGES
        if page.parent.name != "errors"  # run by the tests of their codes
        for number, (language, info, text) in enumerate(FENCE.findall(page.read_text("utf-8")))
        if language in languages
    ]


def _findings(text):
    return pipeline.check_source(SourceFile(path="block.scm", text=text)).diagnostics


@pytest.mark.parametrize(("info", "text"), _blocks("scm"))
def test_a_model_on_a_page_checks_without_findings(info, text):
    assert info == ""
    assert _findings(text) == ()


@pytest.mark.parametrize(("info", "text"), _blocks("scm"))
def test_a_model_on_a_page_compiles_and_its_terms_are_finite(info, text):
    compiled = pipeline.compile_scm(SourceFile(path="block.scm", text=text))
    if "all" in compiled.module.GUIDES and not fit_obstacles(compiled.scm, _program(compiled.scm)):
        found = Pass(compiled, rows_of(compiled))
        assert all(value.isfinite() for value in found.terms.values())


def _program(scm):
    stages, _ = pipeline.lower_scm(scm)
    return stages[0]


@pytest.mark.parametrize(("info", "text"), _blocks("scm-fragment"))
def test_a_fragment_on_a_page_compiles(info, text):
    checked = pipeline.check_source(SourceFile(path="block.scm", text=HEADER + text))
    stages, refusals = pipeline.lower_scm(checked.scm)
    assert stages is not None, refusals


@pytest.mark.parametrize(("info", "text"), _blocks("scm-fragment"))
def test_a_fragment_on_a_page_has_no_errors(info, text):
    assert info == ""
    assert [d for d in _findings(HEADER + text) if d.severity == "error"] == []


@pytest.mark.parametrize(("info", "text"), _blocks("scm-error"))
def test_a_wrong_model_on_a_page_gives_the_code_that_it_names(info, text):
    assert info in CODES
    assert info in {d.code for d in _findings(text)}


def _options(command):
    return {word for parameter in command.params for word in parameter.opts}


@pytest.mark.parametrize(("info", "text"), _blocks("console"))
def test_a_command_on_a_page_exists_with_its_options(info, text):
    assert info == ""
    commands = typer.main.get_command(app).commands
    for line in text.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if not line.startswith("$ ") or words[0] != "causaldsl" or words[1] == "--version":
            continue
        command = commands[words[1]]
        used = {word.split("=")[0] for word in words[2:] if word.startswith("-") and word != "-"}
        assert used <= _options(command)
        for word in words[2:]:
            if word.startswith("models/"):
                assert (ROOT / word).is_file()


def test_the_pages_hold_blocks_of_each_kind():
    for language in ("scm", "scm-fragment", "console"):
        assert _blocks(language)
