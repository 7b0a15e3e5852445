"""Thin."""
from __future__ import annotations
from causaldsl.syntax import nodes
from causaldsl.semantics.model import *

def check_losses(scope, structure, guides):  # type: ignore
    return tuple(Loss(name=s.name.name if s.name else "elbo", value=s.value, span=s.span) for s in scope.names.of(nodes.LossStatement))

def _plain(v):
    if isinstance(v, nodes.Number): return v.value
    if isinstance(v, nodes.Name): return v.name
    if isinstance(v, nodes.ListOf): return tuple(_plain(x) for x in v.items)
    return v.span.text

def check_training(scope):
    return Training(settings={x.name: _plain(x.value) for s in scope.names.of(nodes.Train) for x in s.settings})

def check_predictions(scope, structure):
    out = []
    for s in scope.names.of(nodes.Predict):
        f = []
        for e in s.features:
            if isinstance(e, nodes.Name):
                f += [(m, False) for m in scope.members(e.name)]
            else:
                f += [(m, True) for i in e.inputs for m in scope.members(i.name)]
        out.append(Prediction(target=s.target.name, features=tuple(f), span=s.span))
    return tuple(out)
