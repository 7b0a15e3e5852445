"""The command line: one file per command; rooms are imported by the command that needs them."""

from __future__ import annotations

import sys
import warnings

import typer

from causaldsl.cli.audit import audit, predict
from causaldsl.cli.compare import compare
from causaldsl.cli.compile import compile_
from causaldsl.cli.data import data, init
from causaldsl.cli.effects import effects, generate
from causaldsl.cli.fit import fit
from causaldsl.cli.graph import graph
from causaldsl.cli.outcomes import ending_well
from causaldsl.cli.pictures import pictures
from causaldsl.cli.query import query
from causaldsl.cli.text import check, explain, fmt
from causaldsl.cli.worlds import counterfactual, simulate
from causaldsl.version import VERSION

EXIT_CODES = (
    "Exit codes: 0 ok, 1 findings, 2 wrong command line, 3 the model is wrong, 4 the table is "
    "wrong, 5 refused or not converged."
)

app = typer.Typer(
    name="causaldsl",
    help="A text language and engine for causal fairness models.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        print(f"causaldsl {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    del version


for _name, _command, _short in (
    ("check", check, "Check models: names, roles, structure, mechanisms."),
    ("fmt", fmt, "Bring models into the canonical form."),
    ("explain", explain, "Explain a diagnostic code."),
    ("graph", graph, "Draw a model: SVG, PNG, PDF, DOT or Mermaid."),
    ("compile", compile_, "Compile a model to a Pyro module."),
    ("data", data, "Fetch a public data set."),
    ("init", init, "Write a starter model from a table."),
    ("simulate", simulate, "Draw rows from a model or a fit."),
    ("fit", fit, "Fit a model to a table."),
    ("counterfactual", counterfactual, "Ask what rows would have been."),
    ("effects", effects, "Ask how much one variable moves an outcome."),
    ("pictures", pictures, "Show what pictures would have been, and judge them."),
    ("generate", generate, "Write the rows that a model makes of given ones."),
    ("query", query, "Answer the query lines of a model."),
    ("predict", predict, "Predict the outcome by a fit."),
    ("audit", audit, "Audit how fair a fit's predictors are."),
    ("compare", compare, "Compare models and baselines over splits."),
):
    app.command(_name, short_help=_short)(ending_well(_command))


def main() -> None:
    """Run the command line and exit with the code that says what happened."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries tell their callers is not for users
    for stream in (sys.stdout, sys.stderr):
        # a sign that the terminal lacks is shown as a stand-in; text for other programs is UTF-8
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")
    app()


if __name__ == "__main__":
    main()
