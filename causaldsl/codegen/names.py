"""Python names for the model's names: mangled, never trusted, always unique."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

from causaldsl.codegen.helpers_text import HELPERS, OBJECTIVE_TEXT, TRACES_WITH_WEIGHTS_TEXT

#: Names that the emitted module uses itself: a variable of that name would stand in their way.
OWN_NAMES = frozenset(
    [
        "BALANCED",
        "CLOSED_KL",
        "F",
        "GLOBAL",
        "GUIDES",
        "GUIDE_EVIDENCE",
        "INVERSES",
        "INVERSE_OF",
        "IS_PURE_ELBO",
        "LATENT",
        "LEVELS",
        "MECHANISMS",
        "NAME",
        "OBSERVED",
        "PARENTS",
        "SCALES",
        "balance",
        "constraints",
        "data",
        "dist",
        "drawn",
        "epoch",
        "every",
        "guide",
        "guide_without_outcome",
        "join",
        "kl_divergence",
        "law",
        "lost",
        "unit",
        "layer",
        "levels",
        "loc",
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
        "row",
        "rows",
        "rows_in",
        "scale",
        "scaled",
        "size",
        "solve",
        "stack",
        "start_log",
        "start_logit",
        "step",
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
        "thinned",
        "median_distance",
        "q",
        "plates",
        "others",
        "guide_weights",
        "contextmanager",
        "Record",
        "sites",
        "sample",
        "remark",
        "product",
        "permuted",
        "norm_weights",
        "mmd_by",
        "mmd",
        "k",
        "joint",
        "in_world",
        "hsic",
        "guess",
        "density_ratio",
        "carried",
        "apart_from",
        "apart",
        "affinity",
        "REMARKS",
        "PLAYERS",
        "EVENTS",
        "HEADS",
        "NETWORKS",
        "second",
        "weights",
    ]
) | frozenset(dir(builtins))
#: What the emitted helpers are called.
_HELPERS = frozenset(
    name
    for text in (*HELPERS.values(), TRACES_WITH_WEIGHTS_TEXT, OBJECTIVE_TEXT)
    for name in re.findall(r"^(?:def |class )?(\w+)(?:\(| = |:)", text, re.MULTILINE)
)
#: How the emitted functions of variables begin, and what a network's outputs are called.
_FUNCTIONS = ("given_", "invert_", "heads_", "new_", "after_", "mean_")
_HEADS = re.compile(r"heads\d*")


def _plain(name: str) -> str:
    """Spell primes out and normalise as Python's own tokenizer does."""
    bare = name.rstrip("'")
    primes = len(name) - len(bare)
    tail = "" if primes == 0 else "_prime" if primes == 1 else f"_prime{primes}"
    text = unicodedata.normalize("NFKC", bare + tail)
    if text.isidentifier():
        return text
    return "v_" + "".join(c for c in text if f"v{c}".isidentifier())


def mangle(
    names: Iterable[str], taken: Iterable[str] = (), *, constants: bool = False
) -> dict[str, str]:
    """Return a distinct Python identifier for every name, in order; constants in capitals."""
    used = set(taken) | OWN_NAMES | _HELPERS
    table: dict[str, str] = {}
    for name in names:
        base = _plain(_plain(name).upper()) if constants else _plain(name)
        reserved = keyword.iskeyword(base) or keyword.issoftkeyword(base)
        if reserved or base in used or base.startswith(_FUNCTIONS) or _HEADS.fullmatch(base):
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
