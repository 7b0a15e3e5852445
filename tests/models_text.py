"""Model texts and shortcuts that tests of several rooms share."""

from __future__ import annotations

from causaldsl import pipeline
from causaldsl.ir import nodes as ir
from causaldsl.runtime.load import CompiledScm
from causaldsl.semantics.model import Scm
from causaldsl.source import SourceFile

FAIR_K = """
scm fair_k "Kusner et al., level 2"
sensitive S : {White, Black, Asian} from "race" else drop
observed  G : real from "UGPA"
observed  L : count from floor("LSAT")
outcome   Y : real from "ZFYA"
latent    K : real
K -> G, L, Y
S -> G, L, Y
Y ~ Normal(linear(parents), 1)
predict Y from K
"""

EXOC = """
scm exoc
param gamma = 1.2
sensitive S : {White, Black, Asian}
observed  G : real
observed  L : count
outcome   Y : real
latent    K
auxiliary S'
control   S''
K  -> G, L, Y
S' -> S, G, L, Y
S  -> G, L
Y  -> S''
Y ~ Normal(linear(parents), 1)
loss control = gamma * balance(mse(S', S''))
predict Y from K
"""


def scm_of(text: str) -> Scm:
    """Return the checked model of a text."""
    return pipeline.checked_scm(SourceFile(path="test.scm", text=text.lstrip("\n")))


def compiled_of(text: str) -> CompiledScm:
    """Return the compiled model of a text."""
    return pipeline.compile_scm(SourceFile(path="test.scm", text=text.lstrip("\n")))


def program_of(text: str) -> ir.Program:
    """Return the lowered model of a text."""
    stages, findings = pipeline.lower_scm(scm_of(text))
    assert stages is not None, findings
    return stages[0]
