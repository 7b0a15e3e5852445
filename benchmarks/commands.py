"""Whole-process times of check, fmt, graph and compile on every shipped file, and of long files.

Each command runs as a process of its own, as a user would start it; the figures are the median wall
seconds of some runs and the least CPU seconds, to which other work on the machine only adds.
Generated files of 250 to 2,000 variables show how the time of `check` grows.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import records

SIZES = (250, 500, 1_000, 2_000)
LIMIT = 1.0  # seconds for each command on a shipped file
LONGEST = 3.0  # seconds of `check` on 2,000 variables


def commands(path: Path, folder: Path) -> dict[str, list[str]]:
    """Return what is timed on a file."""
    return {
        "check": ["check", str(path)],
        "fmt": ["fmt", "--check", str(path)],
        "graph": ["graph", str(path), "-o", str(folder / "graph.svg")],
        "compile": ["compile", str(path), "-o", str(folder / "module.py")],
    }


def environment(cache: Path) -> dict[str, str]:
    """Return the environment of a user who has run the command before: bytecode is kept."""
    kept = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(cache)}


def seconds(arguments: list[str], runs: int, variables: dict[str, str]) -> dict[str, float]:
    """Return the median wall and least CPU seconds of a command, after one untimed run."""
    wall, cpu = [], []
    for turn in range(runs + 1):
        began, used = time.perf_counter(), os.times()
        done = subprocess.run(
            [sys.executable, "-m", "causaldsl", *arguments],
            cwd=records.ROOT, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        after = os.times()
        if turn:
            wall.append(time.perf_counter() - began)
            spent = after.children_user - used.children_user
            cpu.append(spent + after.children_system - used.children_system)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stderr}")
    return {"wall": round(statistics.median(wall), 3), "cpu": round(min(cpu), 3)}


def generated(size: int, seed: int = 0) -> str:
    """Return a model of so many variables: each with up to four parents, a third with numbers."""
    draw = random.Random(seed)
    names = [f"v{k}" for k in range(size)]
    lines = ["scm generated", ""]
    lines += [f"observed {name} : real" for name in names]
    lines.append("")
    parents = {
        k: sorted(draw.sample(range(max(0, k - 50), k), min(k, draw.randint(1, 4))))
        for k in range(1, size)
    }
    lines += [f"{', '.join(names[p] for p in of)} -> {names[k]}" for k, of in parents.items()]
    lines.append("")
    for k, of in parents.items():
        if k % 3 == 0:
            total = " + ".join(f"{draw.uniform(-1, 1):.3f}*{names[p]}" for p in of)
            lines.append(f"{names[k]} ~ Normal({total}, 1)")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Time, print, keep; the exit code is 1 when a limit is passed in CPU seconds."""
    parser = records.arguments(__doc__.splitlines()[0], "commands.json")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    runs = 1 if given.smoke else given.runs
    files = sorted(records.MODELS.rglob("*.scm"))[: 1 if given.smoke else None]
    found: dict = {"runs": runs, "files": {}, "check of generated files": {}}
    over = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        variables = environment(folder / "bytecode")
        for path in files:
            name = str(path.relative_to(records.MODELS))
            row = {w: seconds(c, runs, variables) for w, c in commands(path, folder).items()}
            found["files"][name] = row
            over += [f"{word} {name}" for word, t in row.items() if t["cpu"] > LIMIT]
            print(f"{name:34}", *(f"{w} {t['wall']:.2f}/{t['cpu']:.2f}" for w, t in row.items()))
        for size in SIZES[:1] if given.smoke else SIZES:
            path = folder / f"generated_{size}.scm"
            path.write_text(generated(size), encoding="utf-8")
            time_ = found["check of generated files"][str(size)] = seconds(
                ["check", str(path)], runs, variables
            )
            print(f"check of {size:5} variables: {time_['wall']:.2f} s, CPU {time_['cpu']:.2f} s")
            over += [f"check of {size} variables"] if time_["cpu"] > LONGEST else []
    if not given.smoke:
        times = {n: t["cpu"] for n, t in found["check of generated files"].items()}
        start = min(row["check"]["cpu"] for row in found["files"].values())
        grown = (times["2000"] - start) / (times["1000"] - start)
        found["growth from 1,000 to 2,000 beyond the start, 2 when linear"] = round(grown, 2)
        print(f"from 1,000 to 2,000 variables the time beyond the start grows {grown:.2f} times")
        found["over the limit"] = over
        records.write(given.output, found)
    print("\n".join(f"over the limit: {o}" for o in over) or "every limit is kept")
    raise SystemExit(1 if over else 0)


if __name__ == "__main__":
    main()
