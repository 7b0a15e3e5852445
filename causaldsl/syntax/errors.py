"""Syntax errors: one typed function for each code CD0xx."""

from __future__ import annotations

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.diagnostics.suggest import did_you_mean
from causaldsl.source import Span

DOMAINS = ("real", "positive", "unit", "count", "binary", "image")
CLAIMS = ("independent", "path", "identified")

# What looks like a sign of the language and is another character.
_LOOKALIKES = {
    "\u2192": "->",
    "\u2190": "<-",
    "\u2194": "<->",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u00d7": "*",
    "\u00b7": "*",
    "\u00f7": "/",
    "\u2018": "'",
    "\u2019": "'",
    "\u2032": "'",
    "\u2033": "''",
    "\u201c": '"',
    "\u201d": '"',
    "\u00ab": '"',
    "\u00bb": '"',
    "\u223c": "~",
    "\uff0c": ",",
    "\uff1a": ":",
    "\uff08": "(",
    "\uff09": ")",
    "&": ",",
    "%": "/ 100",
    "`": '"',
}


# --- files and limits -----------------------------------------------------------------------


def file_unreadable(path: str, reason: str) -> Diagnostic:
    """Return CD001: the file cannot be opened."""
    return diagnostic("CD001", f"cannot read `{path}`: {reason}", place=path)


def not_utf8(path: str, byte: int, line: int) -> Diagnostic:
    """Return CD002: the file holds bytes that are no UTF-8."""
    return diagnostic(
        "CD002",
        f"`{path}` is not UTF-8 text: line {line} has a byte that no character has (byte {byte})",
        place=f"{path}:{line}",
        hint="save the file as UTF-8",
    )


def file_too_large(path: str, limit: int) -> Diagnostic:
    """Return CD003: the file is larger than a model may be."""
    return diagnostic(
        "CD003", f"the file holds more than {limit:,} characters, and was not read", place=path
    )


def too_many_tokens(span: Span, limit: int) -> Diagnostic:
    """Return CD004: the file holds more words and signs than are read."""
    return diagnostic(
        "CD004",
        f"the file holds more than {limit:,} words and signs",
        Label(span=span, text="what follows was not read"),
    )


def too_many_statements(span: Span, limit: int) -> Diagnostic:
    """Return CD005: the file holds more statements than are read."""
    return diagnostic(
        "CD005",
        f"the file holds more than {limit:,} statements",
        Label(span=span, text="what follows was not read"),
    )


def too_deep(span: Span, limit: int) -> Diagnostic:
    """Return CD006: an expression is nested too deeply or has too long a chain of signs."""
    return diagnostic(
        "CD006",
        f"this expression is nested more than {limit} deep",
        Label(span=span, text="a chain of signs nests too: `a + b + c` is two deep"),
        hint="give a part of it a name of its own",
    )


def brackets_too_deep(span: Span, limit: int) -> Diagnostic:
    """Return CD006: too many brackets are open at once."""
    return diagnostic(
        "CD006",
        f"more than {limit} brackets are open at once",
        Label(span=span, text="one too many"),
        hint="give a part of it a name of its own",
    )


def too_many_errors(span: Span, limit: int) -> Diagnostic:
    """Return CD007: only the first syntax errors are reported."""
    return diagnostic(
        "CD007",
        f"more than {limit} syntax errors, the rest of the file was not read",
        Label(span=span, text="the next one is here"),
    )


def no_statement(span: Span) -> Diagnostic:
    """Return CD008: the file holds no statement."""
    return diagnostic(
        "CD008",
        "the file holds no statement",
        Label(span=span),
        hint="begin with `scm NAME`",
    )


# --- characters, names, numbers and strings -------------------------------------------------


def hidden_character(span: Span, *, in_string: bool) -> Diagnostic:
    """Return CD010: a character that cannot be seen, or that reorders what is seen."""
    point = ord(span.text)
    escaped = f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
    return diagnostic(
        "CD010",
        f"the invisible character U+{point:04X} may not stand in a model",
        Label(span=span, text="here"),
        hint=f"write it as `{escaped}`" if in_string else "remove it",
    )


def stray_character(span: Span) -> Diagnostic:
    """Return CD011: a character that belongs to no word or sign."""
    character = span.text
    plain = _LOOKALIKES.get(character)
    hint = f"write `{plain}`" if plain else None
    if character.isspace():
        hint = "use an ordinary blank"
    shown = f"`{character}`" if character.isprintable() else "this character"
    return diagnostic(
        "CD011",
        f"{shown} (U+{ord(character):04X}) is no sign of the language",
        Label(span=span, text="not understood"),
        hint=hint,
    )


def unterminated_string(span: Span) -> Diagnostic:
    """Return CD012: a quote is never closed on its line."""
    return diagnostic(
        "CD012",
        "this string is not closed on its line",
        Label(span=span, text='expected a closing `"`'),
    )


def bad_escape(span: Span) -> Diagnostic:
    """Return CD013: an escape that does not exist."""
    return diagnostic(
        "CD013",
        f"`{span.text}` is no escape",
        Label(
            span=span,
            text='expected `\\"`, `\\\\`, `\\n`, `\\t`, `\\r`, `\\uXXXX` or `\\UXXXXXXXX`',
        ),
        hint="write a backslash twice to mean itself",
    )


def bad_number(span: Span) -> Diagnostic:
    """Return CD014: something begins like a number and is none."""
    return diagnostic(
        "CD014",
        f"`{_short(span.text)}` is neither a number nor a name",
        Label(span=span, text="numbers look like `12`, `0.5` or `1e-3`"),
        hint="write `*` in a product, and begin a name with a letter",
    )


def number_too_large(span: Span) -> Diagnostic:
    """Return CD015: a number beyond double precision."""
    return diagnostic(
        "CD015",
        f"`{_short(span.text)}` is larger than any number that can be computed with",
        Label(span=span, text="at most about 1.8e308"),
    )


def number_too_long(span: Span, limit: int) -> Diagnostic:
    """Return CD015: a number with too many digits."""
    return diagnostic(
        "CD015",
        f"this number has {len(span.text):,} digits, at most {limit} are read",
        Label(span=span),
    )


def double_underscore(span: Span) -> Diagnostic:
    """Return CD016: two underscores in a row, which generated names keep for themselves."""
    plain = span.text
    while "__" in plain:
        plain = plain.replace("__", "_")
    return diagnostic(
        "CD016",
        f"the name `{_short(span.text)}` has two underscores in a row, which generated names have",
        Label(span=span, text="one is enough"),
        hint=f"write `{_short(plain)}`" if plain != "_" else None,
    )


def name_too_long(span: Span, limit: int) -> Diagnostic:
    """Return CD017: a name that is too long."""
    return diagnostic(
        "CD017",
        f"this name has {len(span.text):,} characters, at most {limit} are read",
        Label(span=span),
    )


def name_not_normal(span: Span, plain: str) -> Diagnostic:
    """Return CD018: a name spelled with characters that stand for others."""
    return diagnostic(
        "CD018",
        f"the name `{_short(span.text)}` is spelled with characters that stand for others",
        Label(span=span, text="two names that look alike must be one"),
        hint=f"write `{_short(plain)}`",
    )


# --- what the grammar is too coarse to refuse -----------------------------------------------


# What other languages call a domain.
_DOMAINS_ELSEWHERE = {
    "float": "real",
    "double": "real",
    "number": "real",
    "numeric": "real",
    "continuous": "real",
    "int": "count",
    "integer": "count",
    "bool": "binary",
    "boolean": "binary",
    "probability": "unit",
    "string": "{one, another}",
    "str": "{one, another}",
    "category": "{one, another}",
    "categorical": "{one, another}",
    "ordinal": "{low < high}",
    "ordered": "{low < high}",
}


def unknown_domain(word: str, span: Span) -> Diagnostic:
    """Return CD030: a word behind the colon that is no domain."""
    hint = "write `image[channels, height, width]`" if word == "image" else None
    if word.lower() in _DOMAINS_ELSEWHERE:
        hint = f"write `{_DOMAINS_ELSEWHERE[word.lower()]}`"
    return diagnostic(
        "CD030",
        f"`{word}` is no domain" if word != "image" else "an `image` needs its sizes",
        Label(span=span, text="expected `real`, `positive`, `unit`, `count`, `binary` or levels"),
        hint=hint or did_you_mean(word, DOMAINS),
    )


def sized_domain(word: str, span: Span) -> Diagnostic:
    """Return CD031: sizes behind a domain that has none."""
    return diagnostic(
        "CD031",
        f"the domain `{word}` has no sizes, only `image` has",
        Label(span=span),
        hint="write the size of an array behind its name, as in `latent u[4]`",
    )


def not_a_size(text: str, span: Span) -> Diagnostic:
    """Return CD032: a size of an image that is no whole number."""
    return diagnostic("CD032", f"`{text}` is no size, expected a whole number", Label(span=span))


def image_sizes(span: Span, found: int) -> Diagnostic:
    """Return CD032: an image with other than three sizes."""
    return diagnostic(
        "CD032",
        f"an image has three sizes, found {found}",
        Label(span=span, text="expected channels, height and width"),
    )


def clause_twice(kind: str, span: Span, first: Span) -> Diagnostic:
    """Return CD033: a part of a declaration is given twice."""
    what = "a label" if kind == "label" else f"`{kind}`"
    return diagnostic(
        "CD033",
        f"{what} is given twice",
        Label(span=span, text="again here"),
        Label(span=first, text="given first here", primary=False),
    )


def unknown_word(word: str, after: str, span: Span, known: tuple[str, ...]) -> Diagnostic:
    """Return CD034: a word that cannot follow `else` or `missing`."""
    return diagnostic(
        "CD034",
        f"`{word}` cannot follow `{after}`, expected {_one_of(known)}",
        Label(span=span),
        hint=did_you_mean(word, known),
    )


def unknown_claim(word: str, span: Span) -> Diagnostic:
    """Return CD035: an `assert` of something unknown."""
    return diagnostic(
        "CD035",
        f"`{word}` is no claim, expected {_one_of((*CLAIMS, 'A -> B'))}",
        Label(span=span),
        hint=did_you_mean(word, CLAIMS),
    )


def quantile_parts(span: Span, found: int) -> Diagnostic:
    """Return CD036: a quantile without its two parts."""
    return diagnostic(
        "CD036",
        f"`Q[...]` takes a value and a level, found {found} part{'s' * (found != 1)}",
        Label(span=span, text="as in `Q[Y, 0.9]`"),
    )


def _one_of(words: tuple[str, ...]) -> str:
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
