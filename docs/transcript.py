"""Run the demo, and bring README.md's picture and transcript up to date."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- demo: written by `make readme` -->\n", "<!-- end of the demo -->\n"


def replaced(page: str, transcript: str) -> str:
    """Return the page with another transcript between its two marks."""
    block = f"{START}```text\n{transcript.strip()}\n```\n{END}"
    return re.sub(re.escape(START) + ".*?" + re.escape(END), lambda _: block, page, flags=re.DOTALL)


def main() -> None:
    """Write the picture and the transcript."""
    picture = ["causaldsl", "graph", "models/exoc.scm", "--own-layout"]
    subprocess.run([*picture, "-o", "docs/images/exoc.svg"], check=True, cwd=ROOT)
    done = subprocess.run(["./demo.sh"], check=True, cwd=ROOT, capture_output=True, text=True)
    page = ROOT / "README.md"
    page.write_text(replaced(page.read_text("utf-8"), done.stdout), "utf-8")


if __name__ == "__main__":
    main()
