"""The grammar's LALR tables and terminals as plain data, computed by lark and kept in a file.

lark takes a fifth of a second to compute what does not change. The file beside the grammar names
the grammar that it was made of by its digest; for any other grammar the tables are computed
anew, so that a stale file costs time and nothing else. `make golden` writes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from lark import Lark
    from lark.grammar import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What to do when the right side of a rule is complete."""

    size: int
    origin: str
    data: str
    unwraps_one: bool
    splices: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A word or sign (`text`), or a pattern (`text` None), and its regular expression."""

    name: str
    text: str | None
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Where each rule starts and ends, what every state does with every symbol, the terminals."""

    start: dict[str, int]
    end: dict[str, int]
    actions: tuple[dict[str, int | Reduction], ...]
    terminals: tuple[Terminal, ...]


def tables_of(lark: Lark) -> Tables:
    """Return lark's tables and terminals as plain data."""
    from lark.parsers.lalr_analysis import Shift

    table = cast(Any, lark.parser).parser.parser.parse_table
    made: dict[Rule, Reduction] = {}
    rows: dict[int, dict[str, int | Reduction]] = {
        state: {
            str(name): target if action is Shift else _reduction(target, made)
            for name, (action, target) in sorted(row.items())
        }
        for state, row in table.states.items()
    }
    start = {str(name): state for name, state in sorted(table.start_states.items())}
    number = _numbered(list(start.values()), rows)
    return Tables(
        start={name: number[state] for name, state in start.items()},
        end={str(name): number[state] for name, state in sorted(table.end_states.items())},
        actions=tuple(
            {k: a if isinstance(a, Reduction) else number[a] for k, a in rows[state].items()}
            for state in number
        ),
        terminals=tuple(
            Terminal(
                name=str(t.name),
                text=t.pattern.value if t.pattern.type == "str" else None,
                pattern=t.pattern.to_regexp(),
            )
            for t in lark.terminals
        ),
    )


def _numbered(
    start: list[int], rows: Mapping[int, Mapping[str, int | Reduction]]
) -> dict[int, int]:
    """Return numbers for the states as they are reached: lark's own change from run to run."""
    number: dict[int, int] = {}
    waiting = start[::-1]
    while waiting:
        state = waiting.pop()
        if state not in number:
            number[state] = len(number)
            reached = [a for a in rows[state].values() if not isinstance(a, Reduction)]
            waiting += reached[::-1]
    return number


def _reduction(rule: Rule, made: dict[Rule, Reduction]) -> Reduction:
    if rule not in made:
        origin = str(rule.origin.name)
        made[rule] = Reduction(
            size=len(rule.expansion),
            origin=origin,
            data=str(rule.alias or origin),
            unwraps_one=bool(rule.options.expand1) and not rule.alias,
            splices=any(s.name.startswith("_") and not s.is_term for s in rule.expansion),
        )
    return made[rule]


# --- the file -------------------------------------------------------------------------------


def digest_of(grammar: str) -> str:
    """Return what tells one grammar from another, whatever its line ends."""
    return hashlib.sha256("\n".join(grammar.splitlines()).encode()).hexdigest()


def write_tables(tables: Tables, grammar: str) -> str:
    """Return the text of the file: reductions are listed once and meant by negative numbers."""
    reductions: dict[Reduction, int] = {}
    for row in tables.actions:
        for action in row.values():
            if isinstance(action, Reduction):
                reductions.setdefault(action, -1 - len(reductions))
    rows = [
        {k: reductions[a] if isinstance(a, Reduction) else a for k, a in row.items()}
        for row in tables.actions
    ]
    parts: dict[str, Sequence[object]] = {
        "grammar": [digest_of(grammar)],
        "start": [tables.start],
        "end": [tables.end],
        "reductions": [[r.size, r.origin, r.data, r.unwraps_one, r.splices] for r in reductions],
        "terminals": [[t.name, t.text, t.pattern] for t in tables.terminals],
        "actions": rows,
    }
    body = ",\n".join(
        f'"{key}": [\n' + ",\n".join(json.dumps(item) for item in items) + "\n]"
        for key, items in parts.items()
    )
    return f"{{\n{body}\n}}\n"


def read_tables(path: Path, grammar: str) -> Tables | None:
    """Return the tables of a file, None if it is not there or made of another grammar."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if held.get("grammar") != [digest_of(grammar)]:
        return None
    reductions = [
        Reduction(size=size, origin=origin, data=data, unwraps_one=one, splices=splices)
        for size, origin, data, one, splices in held["reductions"]
    ]
    return Tables(
        start=held["start"][0],
        end=held["end"][0],
        actions=tuple(
            {name: reductions[-1 - n] if n < 0 else n for name, n in row.items()}
            for row in held["actions"]
        ),
        terminals=tuple(Terminal(name=n, text=t, pattern=p) for n, t, p in held["terminals"]),
    )
