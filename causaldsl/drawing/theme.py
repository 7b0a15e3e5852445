"""What each role looks like: its shape, its line and its colours on light and on dark ground.

Colours are named ``<role>-fill``, ``<role>-line``, ``text``, ``muted``, ``arrow``, ``ground`` and
so on; a picture refers to the names, and a palette says what they are. Text stands at least
4.5 : 1 against its fill and lines at least 3 : 1 against the ground (WCAG 2 AA), in both palettes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Theme = Literal["auto", "light", "dark"]
Dash = Literal["solid", "dashed", "dotted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleStyle:
    """The look of one role. `width` factor and `extra` are what its shape needs around a text."""

    shape: str
    legend: str
    dash: Dash = "solid"
    width: float = 1.0
    extra: float = 22.0


ROLES: Mapping[str, RoleStyle] = {
    "sensitive": RoleStyle(shape="hexagon", legend="sensitive", extra=38),
    "observed": RoleStyle(shape="box", legend="observed"),
    "outcome": RoleStyle(shape="stadium", legend="outcome", extra=34),
    "latent": RoleStyle(shape="ellipse", legend="latent", dash="dashed", width=1.2, extra=26),
    "auxiliary": RoleStyle(shape="parallelogram", legend="auxiliary (unobserved)", extra=42),
    "control": RoleStyle(shape="trapezoid", legend="control (unobserved)", extra=46),
    "noise": RoleStyle(shape="ellipse", legend="noise, shared", dash="dotted", extra=16),
}

LIGHT: Mapping[str, str] = {
    "ground": "#ffffff",
    "text": "#14181f",
    "muted": "#4a525e",
    "arrow": "#3f4854",
    "latent-arrow": "#646e7b",
    "frame": "#c9d0d9",
    "factual-panel": "#eef4fb",
    "shared-panel": "#ffffff",
    "counterfactual-panel": "#fdf3e6",
    "sensitive-fill": "#fde3d0",
    "sensitive-line": "#b4460a",
    "observed-fill": "#dfeaf8",
    "observed-line": "#2a62a8",
    "outcome-fill": "#d8f0df",
    "outcome-line": "#1b7443",
    "latent-fill": "#f4f5f7",
    "latent-line": "#59626f",
    "auxiliary-fill": "#eee2f8",
    "auxiliary-line": "#76399f",
    "control-fill": "#fbeebf",
    "control-line": "#856100",
    "noise-fill": "#ffffff",
    "noise-line": "#59626f",
}

DARK: Mapping[str, str] = {
    "ground": "#12161c",
    "text": "#f2f5f8",
    "muted": "#bcc5d0",
    "arrow": "#c2cad4",
    "latent-arrow": "#929dab",
    "frame": "#39424e",
    "factual-panel": "#18212d",
    "shared-panel": "#12161c",
    "counterfactual-panel": "#281f17",
    "sensitive-fill": "#4e2a14",
    "sensitive-line": "#ff9d61",
    "observed-fill": "#17355a",
    "observed-line": "#7db5f7",
    "outcome-fill": "#14432a",
    "outcome-line": "#5fd392",
    "latent-fill": "#262d37",
    "latent-line": "#a9b4c1",
    "auxiliary-fill": "#3b2552",
    "auxiliary-line": "#cf9ef5",
    "control-fill": "#463709",
    "control-line": "#e8c340",
    "noise-fill": "#12161c",
    "noise-line": "#a9b4c1",
}


def palette(theme: Theme) -> Mapping[str, str]:
    """Return the colours of a theme for a format that cannot ask its viewer: auto is light."""
    return DARK if theme == "dark" else LIGHT


def role_style(role: str) -> RoleStyle:
    """Return the look of a role; an unknown one looks like an observed variable."""
    return ROLES.get(role, ROLES["observed"])


def colour_key(role: str) -> str:
    """Return the stem of a role's colour names."""
    return role if role in ROLES else "observed"
