"""Every import in the package, read against the table of rooms in docs/architecture.md."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "causaldsl"
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def _table():
    """Return each room's row, number and allowed third-party packages."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    return {
        room: (row, int(number), set(re.findall(r"`(\w+)`", packages)))
        for row, (number, rooms, packages) in enumerate(ROW.findall(text))
        for room in re.findall(r"`([\w.]+?)/?`", rooms)
    }


ROOMS = _table()
FILES = sorted(PACKAGE.rglob("*.py"))


def _room(path):
    return path.relative_to(PACKAGE).parts[0]


def _imports(path):
    """Every imported module with its line, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from _from(node)


def _from(node):
    if node.module == "causaldsl":
        yield from ((f"causaldsl.{alias.name}", node.lineno) for alias in node.names)
    else:
        yield node.module, node.lineno


def test_every_room_has_its_row_in_the_table():
    assert {_room(path) for path in FILES} <= set(ROOMS)


def test_every_row_of_the_table_is_a_room():
    assert {name for name in ROOMS if not (PACKAGE / name).exists()} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_lower_rooms_and_its_own_packages_alone(path):
    row, number, packages = ROOMS[_room(path)]
    wrong = []
    for module, line in _imports(path):
        top, *rest = module.split(".")
        if top == "causaldsl":
            other = next((n for n in (rest[0], f"{rest[0]}.py") if n in ROOMS), "__init__.py")
            if ROOMS[other][0] != row and ROOMS[other][1] >= number:
                wrong.append(f"line {line}: {other} is no lower room")
        elif top not in sys.stdlib_module_names and top not in packages:
            wrong.append(f"line {line}: {top} is no package of this room")
    assert wrong == []


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.name == "__init__.py" and p.parent != PACKAGE], ids=str
)
def test_the_init_of_a_room_is_empty(path):
    assert path.read_text("utf-8").strip() == ""
