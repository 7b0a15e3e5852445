"""What an exit code says: 0 ok, 1 findings, 2 usage, 3 model, 4 data, 5 refused."""

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


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """Return the code of the first error: its family decides."""
    for d in diagnostics:
        if d.severity == "error":
            family = d.code[2]
            return MODEL if family in "01234" else DATA if family == "5" else REFUSED
    return OK
