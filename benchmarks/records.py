"""What the benchmarks share: the Law School table, records kept as JSON, CPU seconds.

Times are given as wall and CPU seconds: on a busy machine only the CPU seconds compare.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
RESULTS = ROOT / "docs" / "results"


def arguments(description: str, result: str | None = None) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, help="law_data.csv (default: under CAUSALDSL_DATA)")
    parser.add_argument("--smoke", action="store_true", help="the short form; writes nothing")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    if result is not None:
        parser.add_argument("-o", "--output", type=Path, default=RESULTS / result)
    return parser


def law_table(given: Path | None = None) -> Path:
    """Return where the Law School table lies, or end with the way to place it."""
    folder = os.environ.get("CAUSALDSL_DATA")
    path = given or (Path(folder) / "law_school" / "law_data.csv" if folder else None)
    if path is None or not path.is_file():
        print(
            "skipped: no Law School table; run `causaldsl data law_school`, "
            "or set CAUSALDSL_DATA to the folder that holds law_school/law_data.csv"
        )
        raise SystemExit(0)
    return path


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Yield a dictionary that holds wall and CPU seconds of the block once it has ended."""
    spent: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield spent
    finally:
        spent["wall seconds"] = round(time.perf_counter() - wall, 2)
        spent["CPU seconds"] = round(time.process_time() - cpu, 2)


def versions() -> dict[str, str]:
    """Return what the figures of a record were made with."""
    import pyro
    import torch

    from causaldsl.version import VERSION

    return {
        "causaldsl": VERSION,
        "torch": torch.__version__.split("+")[0],
        "pyro": pyro.__version__,
        "python": platform.python_version(),
        "threads": str(torch.get_num_threads()),
        "cores": str(os.cpu_count()),
    }


def write(path: Path, record: dict) -> None:
    """Write a record as JSON, with the versions that made it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"made with": versions(), **record}, indent=1, sort_keys=False)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {path}")


def read(path: Path) -> dict:
    """Return a record."""
    return json.loads(path.read_text("utf-8"))


def begin(threads: int) -> None:
    """Fix the threads of torch."""
    import torch

    torch.set_num_threads(threads)
