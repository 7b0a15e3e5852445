"""Why a statement does not parse, told by what people write instead.

Each rule looks at the token that did not fit, at its neighbours and at what would have fitted, and
returns a diagnostic or None; the first that knows the mistake speaks.
"""

from __future__ import annotations

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.diagnostics.suggest import did_you_mean
from causaldsl.source import Span
from causaldsl.syntax.place import OPERATORS, Place, expected_words, shortened
from causaldsl.syntax.tokens import CLOSERS, END, ROLES, STATEMENTS

RESERVED = frozenset({"E", "P", "Q", "FROM", "AS", "BY", "ELSE", "ALONG", "MISSING", "NOT"})
_ARROWS = frozenset({"ARROW", "BIARROW"})
_COMPARISONS = frozenset({"EQUAL", "UNEQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"})


def explain(place: Place) -> Diagnostic:
    """Return the diagnostic of a statement that does not parse."""
    for rule in _RULES:
        found = rule(place)
        if found is not None:
            return found
    return _unexpected(place)


# --- brackets -------------------------------------------------------------------------------


def _never_closed(place: Place) -> Diagnostic | None:
    opened = place.line.unclosed
    if opened is None or place.span().start <= opened.start:
        return None
    wrong = place.line.unopened
    end = place.tokens[-1].end
    where = place.of(wrong) if wrong else Span(file=place.source, start=end, end=end)
    closer = place.spelling[CLOSERS[opened.type]]
    return diagnostic(
        "CD021",
        f"this `{opened.text}` is never closed",
        Label(span=place.of(opened), text="opened here"),
        Label(span=where, text=f"expected `{closer}` by here", primary=False),
    )


def _never_opened(place: Place) -> Diagnostic | None:
    closer = place.line.unopened
    if closer is None or place.span().start < closer.start:
        return None
    return diagnostic(
        "CD022",
        f"this `{closer.text}` closes no bracket",
        Label(span=place.of(closer), text="nothing is open here"),
        hint="remove it, or open a bracket before it",
    )


# --- the start of a statement ---------------------------------------------------------------


def _empty(place: Place) -> Diagnostic | None:
    if place.tokens:
        return None
    return diagnostic("CD024", "nothing is written here", Label(span=place.span()))


def _unknown_statement(place: Place) -> Diagnostic | None:
    if place.start != "statement" or place.tokens[0].type != "NAME" or place.position != 1:
        return None
    word = place.text(-1)
    follows = place.found in ("NAME", "STRING", "NUMBER") or place.found in RESERVED
    if not follows and place.found != END:
        return None
    words = [place.spelling[name] for name in sorted(STATEMENTS)]
    return diagnostic(
        "CD023",
        f"no statement begins with `{shortened(word)}`",
        Label(
            span=place.span(-1), text="expected a word such as `observed`, or an arrow, `~` or `:=`"
        ),
        hint=did_you_mean(word, words),
    )


def _role_left_out(place: Place) -> Diagnostic | None:
    if place.found != "COLON" or "TILDE" not in place.expected or place.start != "statement":
        return None
    if place.tokens[0].type in STATEMENTS:
        return None
    return diagnostic(
        "CD023",
        "a declaration begins with the role of its variables",
        Label(span=place.of(place.tokens[0]), text="no role stands before this name"),
        hint=f"write `observed {shortened(place.tokens[0].text)} : ...`, or another role",
    )


def _equal_for_tilde(place: Place) -> Diagnostic | None:
    if place.found not in ("EQUAL", "SET") or "TILDE" not in place.expected:
        return None
    if "SET" in place.expected:
        return _equal_in_world(place)
    name = place.text(-1)
    if place.tokens[0].type in STATEMENTS:
        hint = f"write `~` behind `{shortened(name)}`"
    else:
        hint = "write `~` for a distribution, `:=` for a formula, `param` before a constant"
    return diagnostic(
        "CD025",
        f"`{place.text()}` gives a variable no mechanism, expected `~`",
        Label(span=place.span()),
        hint=hint,
    )


def _value_of_variable(place: Place) -> Diagnostic | None:
    if place.found != "EQUAL" or not place.is_declaration:
        return None
    name = place.text(-1)
    return diagnostic(
        "CD020",
        f"a declaration gives no value, and `=` stands behind `{name}`",
        Label(span=place.span()),
        hint=f"write `param {name} = ...` for a constant, `{name} := ...` on a line of its own",
    )


def _equal_in_world(place: Place) -> Diagnostic | None:
    if place.found != "EQUAL" or "SET" not in place.expected:
        return None
    return diagnostic(
        "CD025",
        "`=` states a fact, expected `<-`, which sets a variable",
        Label(span=place.span()),
        hint="write `<-`",
    )


# --- declarations and arrows ----------------------------------------------------------------


def _domain_missing(place: Place) -> Diagnostic | None:
    if place.type(-1) != "COLON" or place.tokens[0].type not in ROLES | {"LEARN"}:
        return None
    return diagnostic(
        "CD026",
        "expected a domain behind `:`",
        Label(span=place.span(-1), text="such as `real`, `count`, `binary` or `{low, high}`"),
        hint="leave out the `:` for a real variable" if place.tokens[0].type == "LATENT" else None,
    )


def _colon_left_out(place: Place) -> Diagnostic | None:
    if not place.is_declaration or "COLON" not in place.expected:
        return None
    if place.found not in ("NAME", "LBRACE"):
        return None
    return diagnostic(
        "CD026",
        "a domain stands behind a `:`",
        Label(span=place.span()),
        hint=f"write `: {shortened(place.text())}`",
    )


def _tilde_for_equal(place: Place) -> Diagnostic | None:
    if place.found != "TILDE" or place.tokens[0].type != "LEARN":
        return None
    return diagnostic(
        "CD025",
        "a learned parameter starts from a number, expected `=`",
        Label(span=place.span()),
        hint="write `=` before the start, or `prior` for `learn`",
    )


def _arrow_without_end(place: Place) -> Diagnostic | None:
    if place.found in _ARROWS and place.position == 0:
        side, where = "before", place.span()
    elif place.type(-1) in _ARROWS and place.found not in ("NAME", *RESERVED):
        side, where = "behind", place.span(-1)
    else:
        return None
    return diagnostic(
        "CD027",
        f"expected a variable {side} `{where.text}`",
        Label(span=where, text="this arrow has one end only"),
    )


def _mixed_arrows(place: Place) -> Diagnostic | None:
    before = {token.type for token in place.tokens[: place.position]} & _ARROWS
    if place.found not in _ARROWS or not before or place.start != "statement":
        return None
    if place.tokens[0].type in STATEMENTS:
        return None
    return diagnostic(
        "CD027",
        "a line draws a chain of `->` or one `<->`",
        Label(span=place.span(), text="this arrow needs a line of its own"),
    )


def _reserved(place: Place) -> Diagnostic | None:
    if place.found not in RESERVED or "NAME" not in place.expected:
        return None
    word = place.text()
    quoted = "STRING" in place.expected
    return diagnostic(
        "CD028",
        f"`{word}` is a word of the language, expected a name",
        Label(span=place.span()),
        hint=f'write `"{word}"` if it is a level'
        if quoted
        else f"choose a name other than `{word}`",
    )


def _quotes_left_out(place: Place) -> Diagnostic | None:
    """Explain a column, level or title that is no plain name and has no quotes."""
    if place.type(-1) == "NAME" and place.type(-2) == "FROM" and place.is_declaration:
        return _needs_quotes(place.text(-1), place.span(-1), "column")
    if place.found == "NAME" and place.expected <= {"STRING", END, "RPAR", "COMMA"}:
        if "STRING" in place.expected:
            what = "title" if place.tokens[0].type == "SCM" else "column"
            return _needs_quotes(place.text(), place.span(), what)
        return None
    if not _in_levels(place):
        return None
    if place.found == "NUMBER":
        return _needs_quotes(place.text(), place.span(), "level")
    if place.found not in ("COMMA", "RBRACE", "LBRACE", "LESS", "COLON", END):
        first, last = place.span(), place.span()
        if place.type(-1) in ("NAME", "STRING"):
            first = place.span(-1)
        return _needs_quotes("...", first.to(last), "level")
    return None


def _in_levels(place: Place) -> bool:
    types = [token.type for token in place.tokens[: place.position]]
    return (
        place.is_declaration
        and types[-2:-1] != ["RBRACE"]
        and "AS" not in types
        and (types.count("LBRACE") == 1 and "RBRACE" not in types)
    )


def _needs_quotes(text: str, span: Span, what: str) -> Diagnostic:
    shown = f"`{span.text}`" if len(span.text) <= 40 else "this"
    hint = f'write `"{shortened(text)}"`' if text != "..." else "put the whole level in quotes"
    return diagnostic(
        "CD029",
        f"a {what} that is no plain name stands in quotes, found {shown}"
        if what == "level"
        else f"a {what} stands in quotes, found {shown}",
        Label(span=span),
        hint=hint,
    )


# --- expressions ----------------------------------------------------------------------------


def _set_for_less(place: Place) -> Diagnostic | None:
    if place.found != "SET" or "LESS" not in place.expected:
        return None
    return diagnostic(
        "CD020",
        "`<-` is one sign and sets a variable, expected a comparison",
        Label(span=place.span()),
        hint="write `< -` with a blank for less than a negative number",
    )


def _double_sign(place: Place) -> Diagnostic | None:
    pair = (place.type(-1), place.found)
    if pair == ("STAR", "STAR"):
        message, hint = "`**` is no sign", "write `^` for a power"
    elif pair in (("EQUAL", "EQUAL"), ("LESS_EQUAL", "EQUAL")):
        message, hint = "`==` is no sign", "write `=`"
    else:
        return None
    return diagnostic("CD020", message, Label(span=place.span(-1).to(place.span())), hint=hint)


def _setting_among_inputs(place: Place) -> Diagnostic | None:
    if place.found != "EQUAL" or place.type(-1) != "NAME" or "SEMICOLON" not in place.expected:
        return None
    return diagnostic(
        "CD020",
        f"the setting `{shortened(place.text(-1))}` stands among the inputs",
        Label(span=place.span(-1).to(place.span())),
        hint="put a `;` between the inputs and the settings: `f(a, b; size=3)`",
    )


def _comparison_outside(place: Place) -> Diagnostic | None:
    if place.found not in _COMPARISONS or not (place.expected & OPERATORS):
        return None
    if "COMMA" not in place.expected and END not in place.expected:
        return None
    return diagnostic(
        "CD020",
        f"unexpected `{place.text()}`, expected {expected_words(place)}",
        Label(span=place.span()),
        hint="compare only inside `E[...]`, `P[...]` or `Q[...]`, or behind their bar",
    )


def _comma_at_the_end(place: Place) -> Diagnostic | None:
    if place.type(-1) != "COMMA" or place.found not in (END, "RPAR", "RSQB", "RBRACE", "SEMICOLON"):
        return None
    return diagnostic(
        "CD024",
        f"nothing follows this comma, expected {expected_words(place)}",
        Label(span=place.span(-1)),
        hint="remove the comma, or write what belongs behind it",
    )


def _comma_left_out(place: Place) -> Diagnostic | None:
    ended = place.type(-1) in ("NAME", "NUMBER", "STRING", "RPAR", "RSQB", "RBRACE")
    begins = place.found in ("NAME", "NUMBER", "STRING", "E", "P", "Q")
    if not (ended and begins and "COMMA" in place.expected):
        return None
    return diagnostic(
        "CD020",
        f"unexpected `{shortened(place.text())}` behind `{shortened(place.text(-1))}`, "
        f"expected {expected_words(place)}",
        Label(span=place.span()),
        hint="put a comma or a sign between the two",
    )


# --- everything else ------------------------------------------------------------------------


def _unfinished(place: Place) -> Diagnostic | None:
    if place.found != END:
        return None
    return diagnostic(
        "CD024",
        f"the statement ends too early, expected {expected_words(place)}",
        Label(span=place.span(-1), text="nothing follows this"),
    )


def _unexpected(place: Place) -> Diagnostic:
    return diagnostic(
        "CD020",
        f"unexpected `{shortened(place.text())}`, expected {expected_words(place)}",
        Label(span=place.span()),
    )


_RULES = (
    _never_closed,
    _never_opened,
    _empty,
    _unknown_statement,
    _role_left_out,
    _equal_for_tilde,
    _value_of_variable,
    _domain_missing,
    _colon_left_out,
    _tilde_for_equal,
    _arrow_without_end,
    _mixed_arrows,
    _reserved,
    _quotes_left_out,
    _set_for_less,
    _double_sign,
    _setting_among_inputs,
    _comparison_outside,
    _equal_in_world,
    _comma_at_the_end,
    _comma_left_out,
    _unfinished,
)
