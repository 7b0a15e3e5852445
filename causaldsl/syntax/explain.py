"""Why a statement does not parse, told by what people write instead.

Each rule looks at the token that did not fit, at its neighbours and at what would have fitted, and
returns a diagnostic or None; the first that knows the mistake speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.diagnostics.suggest import did_you_mean
from causaldsl.source import SourceFile, Span
from causaldsl.syntax.lines import Line
from causaldsl.syntax.tokens import CLOSERS, END, ROLES, STATEMENTS, Token

RESERVED = frozenset({"E", "P", "Q", "FROM", "AS", "BY", "ELSE", "ALONG", "MISSING", "NOT"})
_ARROWS = frozenset({"ARROW", "BIARROW"})
_COMPARISONS = frozenset({"EQUAL", "UNEQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"})
_OPERAND = frozenset({"NAME", "NUMBER", "STRING", "LPAR", "LSQB", "LBRACE", "MINUS", "E", "P", "Q"})
_OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "CARET", "LSQB", "LPAR", "BY"})
_PHRASES = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a quoted text",
    END: "the end of the line",
}
_MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stopped making sense: the token at `position`, or the end."""

    source: SourceFile
    line: Line
    position: int
    expected: frozenset[str]
    start: str
    spelling: Mapping[str, str]

    @property
    def tokens(self) -> list[Token]:
        """The tokens of the statement."""
        return self.line.tokens

    @property
    def found(self) -> str:
        """The type of the token that did not fit."""
        return self.type(0)

    def type(self, offset: int) -> str:
        """Return the type of the token `offset` places behind the one that did not fit."""
        at = self.position + offset
        return self.tokens[at].type if 0 <= at < len(self.tokens) else END

    def text(self, offset: int = 0) -> str:
        """Return the text of a token around the one that did not fit."""
        at = self.position + offset
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def span(self, offset: int = 0) -> Span:
        """Return the place of a token; of the character behind the statement at its end."""
        at = self.position + offset
        if 0 <= at < len(self.tokens):
            return self.of(self.tokens[at])
        end = self.tokens[-1].end if self.tokens else 0
        return Span(file=self.source, start=end, end=end)

    def of(self, token: Token) -> Span:
        """Return the place of a token."""
        return Span(file=self.source, start=token.start, end=token.end)

    @property
    def is_declaration(self) -> bool:
        """Whether the statement declares variables."""
        return bool(self.tokens) and self.tokens[0].type in ROLES


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
        f"no statement begins with `{word}`",
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
        hint=f"write `observed {place.tokens[0].text} : ...`, or another role",
    )


def _equal_for_tilde(place: Place) -> Diagnostic | None:
    if place.found not in ("EQUAL", "SET") or "TILDE" not in place.expected:
        return None
    if "SET" in place.expected:
        return _equal_in_world(place)
    name = place.text(-1)
    if place.tokens[0].type in STATEMENTS:
        hint = f"write `~` behind `{name}`"
    else:
        hint = "write `~` for a distribution, `:=` for a formula, `param` before a constant"
    return diagnostic(
        "CD025",
        f"`{place.text()}` gives a variable no mechanism, expected `~`",
        Label(span=place.span()),
        hint=hint,
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
        hint=f"write `: {_short(place.text())}`",
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
    hint = f'write `"{text}"`' if text != "..." else "put the whole level in quotes"
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
        f"the setting `{place.text(-1)}` stands among the inputs",
        Label(span=place.span(-1).to(place.span())),
        hint="put a `;` between the inputs and the settings: `f(a, b; size=3)`",
    )


def _comparison_outside(place: Place) -> Diagnostic | None:
    if place.found not in _COMPARISONS or not (place.expected & _OPERATORS):
        return None
    if "COMMA" not in place.expected and END not in place.expected:
        return None
    return diagnostic(
        "CD020",
        f"unexpected `{place.text()}`, expected {_expected(place)}",
        Label(span=place.span()),
        hint="compare only inside `E[...]`, `P[...]` or `Q[...]`, or behind their bar",
    )


def _comma_at_the_end(place: Place) -> Diagnostic | None:
    if place.type(-1) != "COMMA" or place.found not in (END, "RPAR", "RSQB", "RBRACE", "SEMICOLON"):
        return None
    return diagnostic(
        "CD024",
        f"nothing follows this comma, expected {_expected(place)}",
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
        f"unexpected `{_short(place.text())}` behind `{_short(place.text(-1))}`, "
        f"expected {_expected(place)}",
        Label(span=place.span()),
        hint="put a comma or a sign between the two",
    )


# --- everything else ------------------------------------------------------------------------


def _unfinished(place: Place) -> Diagnostic | None:
    if place.found != END:
        return None
    return diagnostic(
        "CD024",
        f"the statement ends too early, expected {_expected(place)}",
        Label(span=place.span(-1), text="nothing follows this"),
    )


def _unexpected(place: Place) -> Diagnostic:
    return diagnostic(
        "CD020",
        f"unexpected `{_short(place.text())}`, expected {_expected(place)}",
        Label(span=place.span()),
    )


def _expected(place: Place) -> str:
    """Return what would have fitted, in a few words."""
    left = set(place.expected)
    phrases: list[str] = []
    if {"NAME", "NUMBER", "LPAR"} <= left:
        phrases.append("an expression")
        left -= _OPERAND
    if len(left & STATEMENTS) > 1:
        phrases.append("a statement")
        left -= STATEMENTS | {"NAME"}
    operators = left & _OPERATORS
    if len(operators) > 2:
        left -= operators
    first = sorted(left & set(_PHRASES) - {END})
    signs = sorted(left - set(_PHRASES), key=lambda name: place.spelling.get(name, name))
    phrases += [_PHRASES[name] for name in first]
    phrases += [f"`{place.spelling[name]}`" for name in signs if name in place.spelling]
    if len(operators) > 2:
        phrases.append("an operator")
    if END in left:
        phrases.append(_PHRASES[END])
    if len(phrases) > _MOST:
        phrases = [*phrases[: _MOST - 1], "something else"]
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} or {phrases[-1]}"


def _short(text: str, most: int = 30) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


_RULES = (
    _never_closed,
    _never_opened,
    _empty,
    _unknown_statement,
    _role_left_out,
    _equal_for_tilde,
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
