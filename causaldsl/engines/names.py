"""The engines by name, in the order in which they are tried; known without loading any.

What asks for one by its name is checked here, before the work begins.
"""

from __future__ import annotations

from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines import findings

#: Inversion comes before all of them and is no choice.
ENGINE_NAMES = ("exact-discrete", "exact-gaussian", "guide", "laplace", "importance")


def verify_engine(engine: str | None, *, encoder: bool) -> None:
    """Refuse a name that no engine has, and any name where the encoder's draws are asked for.

    Raises
    ------
    CounterfactualError
        CD705 for an unknown name, CD704 for an engine beside the encoder.
    """
    if engine is None:
        return
    if engine not in ENGINE_NAMES:
        raise CounterfactualError([findings.unknown_engine(engine, ENGINE_NAMES)])
    if encoder:
        raise CounterfactualError([findings.engine_beside_encoder(engine)])
