"""Sphinx: MyST pages in furo, with a small lexer for the language."""

from pygments.lexer import RegexLexer, words
from pygments.lexers.special import TextLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text

from causaldsl.version import VERSION
from causaldsl.vocabulary.domains import SCALAR_WORDS
from causaldsl.vocabulary.roles import Role

project = "causaldsl"
author = "The causaldsl authors"
copyright = "2026, The causaldsl authors"
version = release = VERSION

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "toc.empty_glob"]
html_theme = "furo"
html_title = f"causaldsl {VERSION}"
html_static_path: list[str] = []

_STATEMENTS = (
    "scm", "param", "group", "learn", "prior", "guide", "coupling", "loss", "train", "predict",
    "query", "assert", "missing",
)  # fmt: skip
_CLAUSES = ("from", "as", "else", "missing", "by", "along", "not")


class ScmLexer(RegexLexer):
    """The language's words, names, numbers and signs."""

    name = "causaldsl"
    tokens = {  # noqa: RUF012 (how Pygments declares a lexer)
        "root": [
            (r"#.*?$", Comment.Single),
            (r'"(?:[^"\\\n]|\\.)*"', String),
            (words(_STATEMENTS, prefix=r"^", suffix=r"\b"), Keyword),
            (words([r.value for r in Role], prefix=r"^", suffix=r"\b"), Keyword.Declaration),
            (words(_CLAUSES, prefix=r"\b", suffix=r"\b"), Keyword),
            (words(tuple(SCALAR_WORDS), prefix=r"\b", suffix=r"\b"), Keyword.Type),
            (r"\b[EPQ](?=\[)", Keyword),
            (r"<->|->|<-|:=|~|\.\.|[<>!]?=|[-+*/^<>|:]", Operator),
            (r"\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+", Number),
            (r"[^\W\d]\w*'*(?=\()", Name.Function),
            (r"[^\W\d]\w*'*", Name),
            (r".|\n", Text),
        ]
    }


def setup(app):
    """Register the lexer for every kind of block that holds the language."""
    for language in ("scm", "scm-fragment", "scm-error"):
        app.add_lexer(language, ScmLexer)
    app.add_lexer("csv", TextLexer)
