"""Commands run in this process through `main`, as a shell would start them."""

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path

from causaldsl.cli.main import main

MODELS = Path(__file__).parents[1] / "models"

SMALL = """scm small "A small model"
param pull = 1
sensitive S : {a, "b-c"} from "group"
observed  G : real
outcome   Y : real
latent    K
S, K -> G, Y
G ~ Normal(pull*linear(parents), 1)
Y ~ Normal(linear(parents), 1)
predict Y from K
query gap = E[Y[S <- a]] - E[Y[S <- "b-c"]]
"""

NUMBERED = """scm numbered
param shift = {a: 0, "b-c": 1}
sensitive S : {a, "b-c"} from "group"
observed  G : real
outcome   Y : real
S -> G -> Y
S ~ Categorical([0.5, 0.5])
G ~ Normal(shift[S], 1)
Y ~ Normal(2*G, 1)
query gap = E[Y[S <- a]] - E[Y[S <- "b-c"]]
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class _Pipe(io.TextIOWrapper):
    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self):
        return self.buffer.getvalue().decode()


def run(*arguments, stdin=""):
    """Run a command and return its exit code and what it printed; a traceback fails the test."""
    out, err = _Pipe(), _Pipe()
    before, sys.argv = sys.argv, ["causaldsl", *map(str, arguments)]
    given, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv, sys.stdin = before, given
    done = Done(code=code, out=out.text(), err=err.text())
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    return done


QUICK = ("--epochs", "3", "--train", "passes=2")
