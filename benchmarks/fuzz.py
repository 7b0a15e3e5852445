"""Wrong texts by the thousand: each is read, checked and, when clean, compiled.

Random bytes, shuffled tokens and mutations of the shipped files. A text may be refused with
diagnostics, never with a traceback; it may not take longer than an alarm, and the process may not
grow without bound. The exit code is 1 when any text breaks one of these, and the text is shown.
"""

import argparse
import random
import re
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 10.0  # CPU seconds that one text may take
GROWTH = 300  # megabytes that the process may grow by
TOKEN = re.compile(r"\n[ \t]*|[ \t]+|\"[^\"\n]*\"|#[^\n]*|[\w']+|<->|->|<-|:=|[^\w\s]")
HOSTILE = (
    "__class__", "__import__", "eval", "lambda", "class", "None", "\u202e", "\u2066", "\x00",
    "\ufeff", "''''''", '"', '"""', "\\", "\r", "\t", "E", "P", "Q", "nan", "inf", "1e999", "-0",
    "0x1", "9" * 400, "(" * 300, "[" * 300, "{" * 300, "-" * 300, "^2" * 200, "a" * 5000, "{}",
    "[]", "()", "::", ";;", "<-<-", "S'''", "x__y", "parents", "image[3, 64, 64]", "u[100000000]",
    "u[0]", "u[-1]", "u[1.5]", "along {S -> Y}", "E[E[Y]]", "P[Y > 0 | S = Black]", "\ud800",
)  # fmt: skip


class TooLong(Exception):  # noqa: N818 (raised by the alarm only)
    """A text took longer than the alarm."""


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise `TooLong` inside the block after so many CPU seconds."""

    def ring(number: int, frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# --- texts ----------------------------------------------------------------------------------


def random_bytes(draw: random.Random, files: list[str]) -> str:
    """Return bytes of any kind, as UTF-8 where they are."""
    size = draw.choice((1, 5, 30, 200, 1_000))
    if draw.random() < 0.5:
        return bytes(draw.choices(range(256), k=size)).decode("utf-8", "replace")
    return "".join(
        chr(draw.choice((draw.randrange(128), draw.randrange(0xD7FF)))) for _ in range(size)
    )


def shuffled_tokens(draw: random.Random, files: list[str]) -> str:
    """Return the tokens of a file in another order, all of them or a few."""
    tokens = TOKEN.findall(draw.choice(files))
    if draw.random() < 0.5:
        tokens = draw.sample(tokens, min(len(tokens), draw.choice((3, 10, 40))))
    draw.shuffle(tokens)
    return draw.choice(("", " ", "\n")).join(tokens)


def shuffled_lines(draw: random.Random, files: list[str]) -> str:
    """Return lines of two files, mixed."""
    lines = [line for text in draw.sample(files, 2) for line in text.splitlines()]
    return "\n".join(draw.sample(lines, draw.randint(1, len(lines))))


def mutated(draw: random.Random, files: list[str]) -> str:
    """Return a file with some tokens dropped, doubled, swapped or replaced."""
    tokens = TOKEN.findall(draw.choice(files))
    pool = [*tokens, *HOSTILE] if draw.random() < 0.5 else tokens
    for _ in range(draw.choice((1, 1, 2, 4, 12))):
        at, other = draw.randrange(len(tokens)), draw.randrange(len(tokens))
        match draw.randrange(4):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(at, tokens[other])
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                tokens[at] = draw.choice(pool)
    return "".join(tokens)


def cut(draw: random.Random, files: list[str]) -> str:
    """Return a file with a piece of it cut out, copied, or replaced by a hostile one."""
    text = draw.choice(files)
    start = draw.randrange(len(text))
    end = min(len(text), start + draw.choice((0, 1, 5, 40, 400)))
    middle = draw.choice(("", text[start:end] * draw.choice((2, 50)), draw.choice(HOSTILE)))
    return text[:start] + middle + text[end:]


KINDS: tuple[Callable[[random.Random, list[str]], str], ...] = (
    random_bytes, shuffled_tokens, shuffled_lines, mutated, mutated, mutated, cut,
)  # fmt: skip


# --- one text -------------------------------------------------------------------------------


def outcome_of(text: str) -> str:
    """Return what became of a text: refused, compiled, or not compiled in this version."""
    from causaldsl import pipeline
    from causaldsl.diagnostics.codes import CODES
    from causaldsl.diagnostics.render import render_text
    from causaldsl.source import SourceFile

    checked = pipeline.check_source(SourceFile(path="fuzz.scm", text=text))
    findings = checked.diagnostics
    outcome = "refused"
    if checked.scm is not None:
        module, more = pipeline.compile_text(checked.scm)
        findings += more
        if module is None and not more:
            raise AssertionError("neither a module nor a finding")
        if module is not None:
            compile(module, "fuzz", "exec")
        outcome = "compiled" if module is not None else "checked, not compiled"
    elif not any(d.severity == "error" for d in findings):
        raise AssertionError("refused without an error")
    unknown = [d.code for d in findings if d.code not in CODES or d.code.startswith("CD9")]
    if unknown:
        raise AssertionError(f"codes {unknown}")
    render_text(findings)
    return outcome


def memory() -> float:
    """Return the most memory that this process has held, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def run(count: int, seed: int, folder: Path | None) -> int:
    """Try so many texts; return how many broke the rules."""
    files = [p.read_text("utf-8") for p in sorted((ROOT / "models").rglob("*.scm"))]
    draw, outcomes, failures = random.Random(seed), Counter(), 0
    for text in files:
        outcome_of(text)
    start, began, slowest = memory(), time.process_time(), 0.0
    for k in range(count):
        kind = draw.choice(KINDS)
        text, before = kind(draw, files), time.process_time()
        try:
            with alarm(SECONDS):
                outcomes[f"{kind.__name__}: {outcome_of(text)}"] += 1
        except (Exception, TooLong):
            failures += 1
            print(f"--- text {k} ({kind.__name__})\n{text[:2000]!r}")
            traceback.print_exc(limit=-6, file=sys.stdout)
            if folder is not None:
                (folder / f"fuzz_{seed}_{k}.scm").write_text(text, "utf-8", "surrogatepass")
        slowest = max(slowest, time.process_time() - before)
    grown = memory() - start
    print(*(f"{n:6} {what}" for what, n in sorted(outcomes.items())), sep="\n")
    print(
        f"{count} texts, {failures} failures, {time.process_time() - began:.0f} CPU s, "
        f"slowest {slowest:.2f} s, memory grew by {grown:.0f} MB"
    )
    return failures + (grown > GROWTH)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--texts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="200 texts")
    parser.add_argument("--keep", type=Path, help="a folder for the texts that failed")
    given = parser.parse_args()
    raise SystemExit(1 if run(200 if given.smoke else given.texts, given.seed, given.keep) else 0)


if __name__ == "__main__":
    main()
