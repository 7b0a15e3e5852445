"""A short run of the fuzzer; its long one is `python benchmarks/fuzz.py`."""

from fuzz import outcome_of, run


def test_wrong_texts_are_refused_with_diagnostics_and_nothing_else(capsys):
    assert run(250, seed=7, folder=None) == 0, capsys.readouterr().out


def test_a_model_without_variables_compiles_to_text_that_python_reads():
    assert outcome_of("scm empty") == "compiled"
