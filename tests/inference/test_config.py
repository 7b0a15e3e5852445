import pytest

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference.config import FitConfig, configure, configured


def codes(train, overrides=None):
    config, found = configure(train, overrides)
    assert config is None
    return [d.code for d in found]


def test_the_default_recipe_lowers_its_rate_at_plateaus():
    config = configured({})
    assert (config.schedule, config.learning_rate) == ("plateau", 0.05)
    assert config.block(1) is not None


def test_a_written_learning_rate_is_kept_constant():
    assert configured({"learning_rate": 1e-3}).schedule == "constant"


def test_written_epochs_are_all_run_unless_patience_is_written():
    recipe = {"learning_rate": 1e-3, "epochs": 12000}
    assert configured(recipe).block(1) is None
    assert configured(recipe | {"patience": 30}).block(1) == 30
    assert configured(recipe).most_epochs(1) == 12000


def test_the_callers_words_stand_over_the_files():
    config = configured({"epochs": 5, "seed": 3}, {"epochs": "7"})
    assert (config.epochs, config.seed) == (7, 3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("batch_size", "all"),
        ("batch_size", 64),
        ("keep", "loss"),
        ("keep", "accuracy(y)"),
        ("optimizer", "sgd"),
    ],
)
def test_words_are_typed_from_text(text, value):
    assert getattr(configured({}, {text: str(value)}), text) == value


def test_milestones_are_a_rising_list():
    config = configured({"learning_rate": 0.1}, {"milestones": "[1, 3, 9]"})
    assert (config.milestones, config.schedule) == ((1, 3, 9), "milestones")
    assert codes({"learning_rate": 0.1}, {"milestones": "[3, 1]"}) == ["CD602"]


def test_the_callers_way_of_lowering_the_rate_takes_the_files_place():
    falling = {"learning_rate": 0.1, "epochs": 9, "milestones": (1, 3), "decay": 0.5}
    config = configured(falling, {"schedule": "cosine"})
    assert (config.schedule, config.milestones) == ("cosine", ())
    config = configured({"learning_rate": 0.1, "schedule": "constant"}, {"milestones": "[2]"})
    assert (config.schedule, config.milestones) == ("milestones", (2,))
    assert codes({"learning_rate": 0.1, "schedule": "constant", "milestones": (1,)}) == ["CD603"]


def test_an_unknown_word_is_refused_with_the_nearest_one():
    config, found = configure({}, {"epoch": 3})
    assert config is None
    assert found[0].code == "CD601"
    assert "epochs" in (found[0].hint or "")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate", -1),
        ("learning_rate", "nan"),
        ("learning_rate", "fast"),
        ("learning_rate", True),
        ("epochs", 0),
        ("epochs", 2.5),
        ("epochs", "inf"),
        ("batch_size", "some"),
        ("validation", 1.5),
        ("seed", -1),
        ("optimizer", "lbfgs"),
        ("milestones", []),
        ("passes", 1),
    ],
)
def test_values_out_of_range_are_refused(word, value):
    assert codes({}, {word: value}) == ["CD602"]


def test_every_wrong_word_is_reported_at_once():
    assert codes({"epochs": 0}, {"seed": -1, "sed": 1}) == ["CD602", "CD602", "CD601"]


@pytest.mark.parametrize(
    "words",
    [
        {"milestones": (1,)},
        {"milestones": (1,), "schedule": "cosine", "learning_rate": 0.1, "epochs": 3},
        {"epochs": 3, "min_epochs": 5},
        {"schedule": "cosine"},
    ],
)
def test_words_that_contradict_are_refused(words):
    assert set(codes({}, words)) == {"CD603"}


def test_what_is_not_carried_out_is_refused_and_not_ignored():
    assert codes({"restarts": 4}) == ["CD604"]


def test_configured_raises_with_the_findings():
    with pytest.raises(InferenceError) as refused:
        configured({}, {"epochs": "x"})
    assert refused.value.diagnostics[0].code == "CD602"


def test_a_configuration_survives_json():
    config = configured({"learning_rate": 0.1, "milestones": [2, 4], "epochs": 9})
    assert FitConfig.from_dict(config.to_dict()) == config


def test_foreign_json_is_no_configuration():
    with pytest.raises(ValueError, match="training words"):
        FitConfig.from_dict({"epochs": 1})
