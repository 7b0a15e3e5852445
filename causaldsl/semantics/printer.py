"""Prints a checked model: what ``compile --emit scm`` shows, everything implicit made explicit."""

from __future__ import annotations

from causaldsl.semantics.model import Scm, Stochastic, Variable
from causaldsl.syntax.printer import print_expression


def print_scm(scm: Scm) -> str:
    """Return the model, one line a variable, in topological order."""
    lines = [f"scm {scm.name}" + (f' "{scm.title}"' if scm.title else "")]
    lines += [f"  param {h.name} = {h.value}" for h in scm.hyper.values()]
    for p in scm.parameters.values():
        inner = ", ".join((*p.table_of, *map(str, p.sizes)))
        index = f"[{inner}]" if inner else ""
        if p.family is None:
            lines.append(f"  learn {p.name}{index} : {p.domain} = {p.start}")
        else:
            arguments = ", ".join(print_expression(a) for a in p.arguments.values())
            lines.append(f"  prior {p.name}{index} ~ {p.family}({arguments})")
    lines += [f"  {line}" for v in scm.variables.values() for line in _variable(v)]
    lines += [f"  group {name} = {', '.join(members)}" for name, members in scm.groups.items()]
    lines += [f"  guide {g.target} ~ {print_expression(g.right)}" for g in scm.guides.values()]
    lines.append(f"  guide {scm.default_guide}")
    lines += [f"  loss {loss.name} = {print_expression(loss.value)}" for loss in scm.losses]
    if scm.training.settings:
        words = ", ".join(f"{k}={v}" for k, v in scm.training.settings.items())
        lines.append(f"  train {words}")
    for line in scm.predictions:
        features = ", ".join(f"sampled({n})" if s else n for n, s in line.features)
        lines.append(f"  predict {line.target} from {features}")
    lines += [f"  query {q.name} = {print_expression(q.value)}" for q in scm.queries]
    for c in scm.claims:
        verdict = {True: "holds", False: "fails", None: "undecided"}[c.holds]
        lines.append(f"  assert {'not ' if c.negated else ''}{c.claim.kind}: {verdict}")
    return "\n".join(lines) + "\n"


def _variable(v: Variable) -> list[str]:
    size = f"[{v.size}]" if v.size is not None else ""
    stand_in = " (stands for <->)" if v.stand_in else ""
    lines = [f"{v.role.value} {v.name}{size} : {v.domain}{stand_in}"]
    if v.binding is not None:
        b = v.binding
        source = " .. ".join(b.columns) if b.is_range else ", ".join(b.columns)
        source = f"{b.transform}({source})" if b.transform else source
        lines.append(f"  from {source} else {b.otherwise} missing {v.missing}")
    lines.append(f"  parents {', '.join(v.parents) or 'none'}")
    if isinstance(v.mechanism, Stochastic):
        arguments = ", ".join(
            f"{k}={print_expression(a)}" for k, a in v.mechanism.arguments.items()
        )
        written = "by default" if v.is_default else "as written"
        lines.append(f"  ~ {v.mechanism.family}({arguments}) {written}, coupling {v.coupling}")
    else:
        noise = f", noise {v.mechanism.noise}" if v.mechanism.noise else ""
        lines.append(f"  := {print_expression(v.mechanism.expression)}{noise}")
    return lines
