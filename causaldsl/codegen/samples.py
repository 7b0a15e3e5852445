"""Loss terms over samples as text: what they read, and the lines that compute them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from typing_extensions import override

from causaldsl.codegen import networks
from causaldsl.codegen.expressions import FAMILY_TEXT, Writer, number, write
from causaldsl.codegen.layout import fit
from causaldsl.codegen.names import quoted
from causaldsl.ir import nodes as ir
from causaldsl.ir.passes.walk import networks_of
from causaldsl.vocabulary.domains import levels_of

_KINDS = ir.Expected | ir.Discrepancy | ir.Dependence | ir.Ratio | ir.Guess | ir.Apart


def values_of(node: ir.LossValue) -> Iterator[ir.LossValue]:
    """Yield a loss value and everything inside it."""
    yield node
    match node:
        case ir.Distance(_, left, right):
            yield from values_of(left)
            yield from values_of(right)
        case ir.RowMean(value):
            yield from values_of(value)
        case ir.LossOp(_, inputs):
            for inner in inputs:
                yield from values_of(inner)
        case _:
            pass


def reads_samples(node: ir.LossValue) -> bool:
    """Whether a term is one over samples, or reads another world."""
    return any(isinstance(v, _KINDS) for v in values_of(node))


def changes_in_training(mechanism: ir.MechanismIR) -> bool:
    """Whether a mechanism has networks that are others while training: normalised, or thinned."""
    parts = [*mechanism.arguments.values()]
    if mechanism.structural is not None:
        parts.append(mechanism.structural)
    nets = (net for part in parts for net in networks_of(part))
    return any(net.norm == "batch" or net.dropout for net in nets)


def needs_parameters(node: ir.LossValue, program: ir.Program) -> bool:
    """Whether a term runs mechanisms itself."""
    return any(
        (
            isinstance(v, ir.Expected)
            and (bool(v.world) or changes_in_training(program.mechanism(v.name)))
        )
        or any(isinstance(s, ir.Fresh) for s in _samples(v))
        for v in values_of(node)
    )


def needs_second(node: ir.LossValue) -> bool:
    """Whether a term reads a second batch."""
    return any(isinstance(v, ir.Ratio) for v in values_of(node))


def permuted_in(node: ir.LossValue) -> set[str]:
    """Return the variables that a term reads in a second batch."""
    blocks = (b for v in values_of(node) if isinstance(v, ir.Ratio) for b in v.blocks)
    return {name for block in blocks for name in block.names}


def _samples(node: ir.LossValue) -> tuple[ir.Sample, ...]:
    match node:
        case ir.Discrepancy(sample=sample, reference=reference):
            is_sample = isinstance(reference, ir.Fresh | ir.Together)
            return (sample, reference) if is_sample else (sample,)  # type: ignore[return-value]
        case ir.Dependence(left=left, right=right):
            return (left, right)
        case ir.Ratio(blocks=blocks):
            return blocks
        case ir.Guess(source=source):
            return (source,)
        case ir.Apart(first=first, second=second):
            return (first, second)
        case _:
            return ()


class Here(dict[str, str]):
    """What each variable is called in the terms; `used` are those that some term reads."""

    used: dict[str, str]

    def __init__(self, w: Writer) -> None:
        super().__init__({n: w.variables[n] for n in w.values})
        self.used = {}
        self.sources = w.values

    @override
    def __getitem__(self, name: str) -> str:
        self.used[name] = self.sources[name]
        return super().__getitem__(name)

    def lines(self) -> list[str]:
        """Return the lines that name what is read."""
        return [fit(f"{super(Here, self).__getitem__(n)} = ", t) for n, t in self.used.items()]


@dataclass(slots=True)
class Terms:
    """Writes terms over samples: `here` reads the batch, `apart` the second one."""

    program: ir.Program
    w: Writer
    here: Here
    lines: list[str] = field(default_factory=list)
    drawn: dict[str, str] = field(default_factory=dict)
    count: int = 0

    # --- samples ----------------------------------------------------------------------------

    def _columns(self, sample: ir.Sample, where: str = "here") -> str:
        if isinstance(sample, ir.Fresh):
            self._draw(sample)
            table = {n: self.drawn.get(n, "") for n in sample.names}
            table |= {n: self.here[n] for n in sample.beside}
        elif where == "apart":
            table = {m.target: f"apart[{quoted(m.target)}]" for m in self.program.mechanisms}
        else:
            table = {n: self.here[n] for n in sample.names}
        stub = ir.Net(name="", kind="mlp", inputs=sample.inputs, hidden=(), outputs=None)
        return networks.inputs(stub, replace(self.w, variables=table), "")

    def _here(self) -> dict[str, str]:
        return self.here

    def _draw(self, sample: ir.Fresh) -> None:
        for name in sample.names:
            if name in self.drawn:
                continue
            mechanism = self.program.mechanism(name)
            table = {q: self.drawn.get(q) or self.here[q] for q in mechanism.parents}
            given = self._given(mechanism, table)
            local = f"new_{self.w.variables[name]}"
            if mechanism.structural is None:
                self.w.needs.add("anew")
                given = f"anew({given}, rows_in(data, n_rows))"
            self.lines.append(fit(f"{local} = ", given))
            self.drawn[name] = local

    def _given(self, m: ir.MechanismIR, table: dict[str, str]) -> str:
        arguments = ["p", *(table[q] for q in m.parents)]
        return f"given_{self.w.variables[m.target]}({', '.join(arguments)})"

    def _used(self, m: ir.MechanismIR, table: dict[str, str]) -> str:
        """Return a mechanism applied as at use."""
        text = self._given(m, table)
        if not changes_in_training(m):
            return text
        self.w.needs.add("at_use")
        return f"at_use({text.replace('(', ', ', 1)}"

    # --- terms ------------------------------------------------------------------------------

    def value(self, node: ir.LossValue, name: str, player: ir.Player | None) -> str | None:
        """Return the text of a whole term over samples, its lines kept; `None` for others."""
        w = self.w
        match node:
            case ir.Discrepancy():
                return self._discrepancy(node, name)
            case ir.Dependence(left=left, right=right, kernel=kernel, width=width):
                w.needs.add("hsic")
                texts = [self._columns(s) for s in (left, right)]
                kinds = [self._is_levels(s) for s in (left, right)]
                return (
                    f"hsic({quoted(name)}, {texts[0]}, {texts[1]}, {quoted(kernel)}, {width}, "
                    f"levels=({kinds[0]}, {kinds[1]}))"
                )
            case ir.Ratio(blocks=blocks) if player is not None:
                # what normalises over the batch is read as it learns: both samples together
                ratio = "density_ratio"
                ratio += "_together" if player.network.norm == "batch" else ""
                w.needs |= {ratio, "columns", "permuted"}
                joint = ", ".join(self._columns(b) for b in blocks)
                others = ", ".join(self._columns(b, "apart") for b in blocks)
                net = quoted(player.network.name)
                self.lines.append(fit("joint = ", f"columns({joint})"))
                self.lines.append(fit("product = ", f"permuted({others})"))
                return f"{ratio}({net}, joint, product)"
            case ir.Guess(target=target, source=source, levels=levels) if player is not None:
                w.needs.add("guess")
                text = self._here()[target]
                if levels is None:
                    w.needs.add("scaled")
                    observed = self.program.mechanism(target).observed
                    text = f"scaled({quoted(target)}, {text})" if observed else text
                net = quoted(player.network.name)
                return f"guess({net}, {self._columns(source)}, {text}, levels={levels})"
            case ir.Apart(first=first, second=second) if player is not None:
                w.needs.add("apart_from")
                net = quoted(player.network.name)
                return f"apart_from({net}, {self._columns(first)}, {self._columns(second)})"
            case _:
                return None

    def _is_levels(self, sample: ir.Sample) -> bool:
        return all(levels_of(self.program.mechanism(n).domain) is not None for n in sample.names)

    def _discrepancy(self, node: ir.Discrepancy, name: str) -> str:
        w = self.w
        w.needs.add("mmd")
        sample = self._columns(node.sample)
        kernel = f"{quoted(node.kernel)}, {node.width}"
        reference = node.reference
        if isinstance(reference, ir.Reference):
            arguments = {k: write(v, w) for k, v in reference.arguments.items()}
            law = FAMILY_TEXT[reference.family](arguments)
            other = f"{law}.sample({{}}.shape)"
        elif reference is not None:
            other = self._columns(reference)
        else:
            other = ""
        if node.by is None:
            self.lines.append(fit("sample = ", sample))
            return f"mmd(sample, {other.format('sample')}, {kernel})"
        w.needs |= {"mmd_by", "remark"}
        level = self._here()[node.by]
        arguments_text = [quoted(name), sample, level, str(node.levels), kernel]
        if isinstance(reference, ir.Reference):
            arguments_text.append(f"reference=lambda x: {other.format('x')}")
        elif other:
            arguments_text.append(f"reference=lambda x: {other}")
        if node.counts:
            arguments_text.append("counts=True")
        return f"mmd_by({', '.join(arguments_text)})"

    # --- other worlds -----------------------------------------------------------------------

    def expected(self, node: ir.Expected) -> str:
        """Return the mean of a mechanism, in the batch or in another world, as a name.

        Both are of the mechanism at use: rows of one world normalised by themselves, or units
        dropped apart, would differ where nothing is changed.
        """
        mechanism = self.program.mechanism(node.name)
        if not node.world and mechanism.structural is not None:
            return self.here[node.name]
        if not node.world and not changes_in_training(mechanism):
            return self._named(node.name, f'made.nodes[{quoted(node.name)}]["fn"].mean')
        after: dict[str, str] = {}
        for name, to in node.world:
            after[name] = self._assigned(name, to, self.here[name])
        for name in node.moved:
            inner = self.program.mechanism(name)
            local = f"after_{self.w.variables[name]}"
            given = self._used(inner, self._table(inner, after))
            if inner.structural is None:
                self.w.needs.add("carried")
                before = self._used(inner, self._table(inner, {}))
                given = f"carried({before}, {given}, {self.here[name]})"
            self.lines.append(fit(f"{local} = ", given))
            after[name] = local
        given = self._used(mechanism, self._table(mechanism, after))
        text = given if mechanism.structural is not None else f"{given}.mean"
        return self._named(node.name, text)

    def _table(self, m: ir.MechanismIR, after: dict[str, str]) -> dict[str, str]:
        return {q: after[q] if q in after else self.here[q] for q in m.parents}

    def _named(self, name: str, text: str) -> str:
        self.count += 1
        local = f"mean_{self.w.variables[name]}{'' if self.count == 1 else self.count}"
        self.lines.append(fit(f"{local} = ", text))
        return local

    def _assigned(self, name: str, to: float | None, value: str) -> str:
        levels = levels_of(self.program.mechanism(name).domain)
        if to is not None:
            whole = levels is not None and len(levels) > 2
            return f"torch.full_like({value}, {int(to) if whole else number(to)})"
        if levels is not None and len(levels) > 2:
            return f"(({value} + k) % {len(levels)})"
        return f"1 - {value}"

    def flips(self, node: ir.LossValue) -> int:
        """Return how many levels the variable has that a term flips to every other value."""
        most = 2
        for v in values_of(node):
            if isinstance(v, ir.Expected):
                for name, to in v.world:
                    levels = levels_of(self.program.mechanism(name).domain)
                    if to is None and levels is not None:
                        most = max(most, len(levels))
        return most
