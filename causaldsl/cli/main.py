"""The command line: one file per command; rooms are imported by the command that needs them."""

from __future__ import annotations

import sys

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.audit import audit, compare, predict
from causaldsl.cli.compile import compile_
from causaldsl.cli.data import data, init
from causaldsl.cli.fit import fit
from causaldsl.cli.graph import graph
from causaldsl.cli.text import check, explain, fmt
from causaldsl.cli.worlds import counterfactual, simulate

app = typer.Typer(
    name="causaldsl",
    help="A text language and engine for causal fairness models.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(f"causaldsl {version('causaldsl')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    del version


for _name, _command in (
    ("check", check),
    ("fmt", fmt),
    ("explain", explain),
    ("graph", graph),
    ("compile", compile_),
    ("data", data),
    ("init", init),
    ("simulate", simulate),
    ("fit", fit),
    ("counterfactual", counterfactual),
    ("predict", predict),
    ("audit", audit),
    ("compare", compare),
):
    app.command(_name)(_command)


def main() -> None:
    """Run the command line and exit with the code that says what happened."""
    from causaldsl.diagnostics.model import CausalDslError, InternalError

    try:
        app()
    except CausalDslError as refusal:
        from causaldsl.cli.terminal import print_diagnostics

        print_diagnostics(refusal.diagnostics)
        sys.exit(exit_codes.exit_code(refusal.diagnostics) or exit_codes.REFUSED)
    except InternalError as broken:
        print(f"internal error: {broken}", file=sys.stderr)
        print("this is a fault of causaldsl: please report it with the model", file=sys.stderr)
        sys.exit(exit_codes.INTERNAL)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(exit_codes.OK)


if __name__ == "__main__":
    main()
