"""Did-you-mean: the known names closest to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 3


def distance(left: str, right: str, limit: int) -> int:
    """Return the edits between two words, or ``limit + 1`` when there are more.

    Optimal string alignment (Damerau's edits, no substring edited twice): inserting, deleting and
    replacing a character or swapping two neighbours is one edit.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        current = [i]
        for j, b in enumerate(right, start=1):
            best = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            current.append(best)
        if min(current) > limit and min(previous) > limit:
            return limit + 1
        before, previous = previous, current
    return min(previous[-1], limit + 1)


def suggest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Return at most three candidates within ``max(1, len(name) // 3)`` edits, nearest first.

    Ties keep the candidates' order; a difference in case alone counts as half an edit. What shares
    no letter with the name is no misspelling of it, however short both are.
    """
    limit = max(1, len(name) // 3)
    found: list[tuple[float, str]] = []
    for candidate in dict.fromkeys(candidates):
        if candidate == name or not set(candidate.casefold()) & set(name.casefold()):
            continue
        same_letters = candidate.casefold() == name.casefold()
        edits = 0.5 if same_letters else float(distance(name, candidate, limit))
        if edits <= limit:
            found.append((edits, candidate))
    found.sort(key=lambda pair: pair[0])
    return tuple(candidate for _, candidate in found[:MOST])


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """Return the hint that names the closest candidates, None when none is close."""
    near = suggest(name, candidates)
    return f"did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else None
