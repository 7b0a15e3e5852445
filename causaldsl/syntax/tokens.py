"""What a text is cut into, and what the grammar's rules put together again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BAD = "BAD"
COMMENT = "COMMENT"
LINE_END = "_LINE_END"
END = "$END"

ROLES = frozenset({"SENSITIVE", "OBSERVED", "OUTCOME", "LATENT", "AUXILIARY", "CONTROL"})
STATEMENTS = ROLES | frozenset({"SCM", "PARAM", "MISSING", "GROUP", "LEARN", "PRIOR", "GUIDE"})
STATEMENTS |= {"COUPLING", "LOSS", "TRAIN", "PREDICT", "QUERY", "ASSERT"}
# These words are names wherever they do not begin a statement; `missing` is reserved.
SOFT = STATEMENTS - {"MISSING"}
# The words that are names nowhere, as they are spelled.
RESERVED = frozenset({"E", "P", "Q", "from", "as", "by", "else", "along", "missing", "not"})
# Controls, bidirectional marks and invisible signs: they hide or reorder what a reader sees.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
CLOSERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}


@dataclass(slots=True)
class Token:
    """A word, sign, number, string or comment: its terminal, its text and where it stands."""

    type: str
    text: str
    start: int
    end: int


@dataclass(slots=True)
class Tree:
    """A rule of the grammar and what it covers, every token included."""

    data: str
    children: list[Token | Tree]
    start: int
    end: int


Item = Token | Tree


def as_token(item: Item) -> Token:
    """Return a child that the grammar lets be a token only."""
    assert isinstance(item, Token)
    return item


def as_tree(item: Item) -> Tree:
    """Return a child that the grammar lets be a tree only."""
    assert isinstance(item, Tree)
    return item


def text_of(item: Item) -> str:
    """Return the text of a child that is a token."""
    return as_token(item).text


def trees(items: Sequence[Item]) -> Iterator[Tree]:
    """Return the children that are trees."""
    return (item for item in items if isinstance(item, Tree))


def without(items: Sequence[Item], *signs: str) -> list[Item]:
    """Return the children that are none of the `signs`."""
    return [item for item in items if isinstance(item, Tree) or item.type not in signs]
