"""Python names for the model's names: mangled, never trusted, always unique."""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Iterable

#: Names that the emitted module uses itself.
OWN_NAMES = frozenset(
    [
        "F",
        "balance",
        "constraints",
        "data",
        "dist",
        "drawn",
        "epoch",
        "guide",
        "guide_without_outcome",
        "join",
        "kl_divergence",
        "layer",
        "levels",
        "loss_terms",
        "made",
        "math",
        "model",
        "n_rows",
        "normal_heads",
        "objective",
        "p",
        "parameters",
        "parts",
        "parts_of",
        "poutine",
        "pyro",
        "rows",
        "rows_in",
        "scaled",
        "size",
        "solve",
        "stack",
        "terms",
        "torch",
        "total",
        "traces",
        "unscaled",
        "value",
        "warmup",
        "weight",
        "x",
        "elbo_parts",
        "fitted_parameters",
        "latent",
        "slope",
        "seen",
    ]
) | frozenset(dir(builtins))


def _plain(name: str) -> str:
    """Spell primes out and normalise as Python's own tokenizer does."""
    bare = name.rstrip("'")
    primes = len(name) - len(bare)
    tail = "" if primes == 0 else "_prime" if primes == 1 else f"_prime{primes}"
    text = unicodedata.normalize("NFKC", bare + tail)
    return text if text.isidentifier() else "v_" + "".join(c for c in text if c.isalnum())


def mangle(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return a distinct Python identifier for every name, in order."""
    used = set(taken) | OWN_NAMES
    table: dict[str, str] = {}
    for name in names:
        base = _plain(name)
        if keyword.iskeyword(base) or keyword.issoftkeyword(base) or base in used:
            base += "_"
        candidate, k = base, 2
        while candidate in used or keyword.iskeyword(candidate):
            candidate, k = f"{base}{k}", k + 1
        used.add(candidate)
        table[name] = candidate
    return table


def printable(text: str) -> str:
    """Return text safe inside a comment or docstring: one line, no control characters."""
    flat = "".join(c if c.isprintable() else " " for c in text)
    return flat.replace("\\", "/").replace('"""', "'''").strip()


def quoted(text: str) -> str:
    """Return a Python string literal in double quotes where that is plain."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in literal and "\\" not in literal:
        return f'"{text}"'
    return literal
