"""What an exit code says.

0 ok; 1 findings (warnings under ``check --strict``, a file that ``fmt --check`` would change);
2 usage: the command line; 3 the model; 4 the table; 5 refused, not converged or interrupted with
something saved; 70 a fault of ours; 130 interrupted with nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterable

from causaldsl.diagnostics.model import Diagnostic

OK = 0
FINDINGS = 1
USAGE = 2
MODEL = 3
DATA = 4
REFUSED = 5
INTERNAL = 70
INTERRUPTED = 130

#: Findings about a word that only a command line gives.
_ALWAYS_USAGE = frozenset({"CD112", "CD224", "CD607", "CD705", "CD717", "CD742", "CD803"})
#: Words of `train`: the file's own are a mistake of the model, those without a place are not.
_TRAINING = frozenset({"CD601", "CD602", "CD603", "CD604"})


def exit_code(diagnostics: Iterable[Diagnostic], *, of_model: bool = False) -> int:
    """Return the code of the first error: its family decides.

    Of what checking or compiling a text found (`of_model`), everything with a place in that text is
    a mistake of the model: what it says of worlds and draws is checked before anything is asked.
    """
    for d in diagnostics:
        if d.severity == "error":
            return _code_of(d, of_model=of_model)
    return OK


def _code_of(d: Diagnostic, *, of_model: bool) -> int:
    family = d.code[2]
    if d.code in _ALWAYS_USAGE:
        return USAGE
    if d.code in _TRAINING:
        return MODEL if d.span is not None else USAGE
    if family in "01234" or (of_model and d.span is not None):
        return USAGE if d.span is not None and d.span.file.path.startswith("--") else MODEL
    return DATA if family == "5" else REFUSED
