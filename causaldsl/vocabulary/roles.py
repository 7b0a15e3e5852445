"""The normative roles a variable may play, and the words that declare them."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """Fairness role. Independent of observed or latent, and of exogenous or endogenous."""

    SENSITIVE = "sensitive"
    OBSERVED = "observed"
    OUTCOME = "outcome"
    LATENT = "latent"
    AUXILIARY = "auxiliary"
    CONTROL = "control"

    @property
    def is_observed(self) -> bool:
        """Whether a table holds this variable."""
        return self in (Role.SENSITIVE, Role.OBSERVED, Role.OUTCOME)
