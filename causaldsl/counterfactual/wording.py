"""Interventions as a command line or a caller writes them, read with the model at hand.

One text may hold several, set apart by commas, and a level that is no plain name may go without
its quotes: ``race=Asian-Pac-Islander``. Reading a text needs no torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from causaldsl.counterfactual import findings
from causaldsl.diagnostics.model import CounterfactualError, Diagnostic
from causaldsl.semantics.model import Scm
from causaldsl.syntax import nodes
from causaldsl.syntax.parser import parse_do
from causaldsl.vocabulary.domains import levels_of

_SETTING = re.compile(r"\s*([^\s=<~\[\]]+)\s*(?:=|<-)\s*(.*?)\s*", re.DOTALL)
_PLAIN = re.compile(r"[^\W\d]\w*'*")
_OPEN, _CLOSE = "([{", ")]}"


def read_interventions(
    texts: Sequence[str], scm: Scm, option: str = "--do"
) -> tuple[nodes.Assignment, ...]:
    """Return the interventions that some texts say.

    Raises
    ------
    CounterfactualError
        With every finding of the parser.
    """
    found: list[Diagnostic] = []
    read: list[nodes.Assignment] = []
    for text in texts:
        for part in split_commas(text):
            node, wrong = parse_do(_with_quotes(part, scm), option)
            found += wrong
            if node is not None:
                read.append(node)
    if any(d.severity == "error" for d in found):
        raise CounterfactualError(found)
    return tuple(read)


def targets(texts: Sequence[str], scm: Scm, option: str = "--do") -> tuple[str, ...]:
    """Return the variables that some texts set; a bare name sets that variable to anything.

    Raises
    ------
    CounterfactualError
        For what cannot be read, and for a name that no variable has.
    """
    names: list[str] = []
    for text in texts:
        for part in map(str.strip, split_commas(text)):
            if _PLAIN.fullmatch(part):
                names.append(part)
            else:
                names += [node.target.name for node in read_interventions([part], scm, option)]
    unknown = [name for name in names if name not in scm.variables]
    if unknown:
        place = f"`{option}`"
        raise CounterfactualError(
            [findings.unknown_variable(name, scm.variables, place) for name in unknown]
        )
    return tuple(dict.fromkeys(names))


def split_commas(text: str) -> Iterator[str]:
    """Yield the parts between commas that stand in no bracket and no string.

    >>> list(split_commas('S=Black, G ~ Normal(0, 1), t="a, b"'))
    ['S=Black', ' G ~ Normal(0, 1)', ' t="a, b"']
    """
    depth, start, in_string = 0, 0, False
    for i, sign in enumerate(text):
        if sign == '"' and (i == 0 or text[i - 1] != "\\"):
            in_string = not in_string
        elif in_string:
            continue
        elif sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth -= 1
        elif sign == "," and depth == 0:
            yield text[start:i]
            start = i + 1
    yield text[start:]


def _with_quotes(text: str, scm: Scm) -> str:
    """Return a text with quotes around a level that needs them in the language."""
    match = _SETTING.fullmatch(text)
    if match is None or match[1] not in scm.variables:
        return text
    levels = levels_of(scm.variables[match[1]].domain) or ()
    if match[2] not in levels or _PLAIN.fullmatch(match[2]):
        return text
    escaped = match[2].replace("\\", "\\\\").replace('"', '\\"')
    return f'{match[1]} = "{escaped}"'
