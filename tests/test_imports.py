"""Light commands stay light: none of them loads torch, pyro, pandas or scikit-learn."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODEL = str(ROOT / "models" / "exoc.scm")
HEAVY = ("torch", "pyro", "pandas", "sklearn", "scipy", "pyarrow")

LIGHT_ROOMS = (
    "diagnostics",
    "vocabulary",
    "graph",
    "syntax",
    "semantics",
    "ir",
    "drawing",
    "codegen",
)

SCRIPT = """
import sys
from causaldsl.cli.main import main
sys.argv = {argv!r}
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print("loaded:", *sorted(set(sys.modules) & set({heavy!r})))
"""


def _loaded(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["check", MODEL],
        ["fmt", "--check", MODEL],
        ["explain", "CD102"],
        ["graph", MODEL, "--own-layout", "--format", "svg"],
        ["graph", MODEL, "--format", "mermaid"],
        ["compile", MODEL],
        ["compile", MODEL, "--emit", "ir"],
        ["compile", MODEL, "--emit", "scm"],
        ["compile", MODEL, "--emit", "guide"],
    ],
    ids=" ".join,
)
def test_a_command_about_the_text_loads_nothing_heavy(command):
    assert _loaded(SCRIPT.format(argv=["causaldsl", *command], heavy=HEAVY)) == []


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_a_light_room_loads_nothing_heavy(room):
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "causaldsl" / room).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    code = "import sys\n" + "".join(f"import {name}\n" for name in modules)
    assert _loaded(code + f'print("loaded:", *(set(sys.modules) & set({HEAVY!r})))') == []


def test_the_package_itself_loads_nothing_but_the_standard_library():
    code = (
        "import sys, causaldsl\n"
        "tops = {name.split('.')[0] for name in sys.modules}\n"
        "print('loaded:', *(tops & {'networkx', 'lark', 'typer', 'numpy', 'torch'}))"
    )
    assert _loaded(code) == []
