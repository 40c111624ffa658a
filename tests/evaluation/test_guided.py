"""Estimates rank models of known quality: an oracle, blurred, specked, wrong and collapsed ones."""


import numpy as np
import pytest

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.evaluation import guided
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.guided import Outputs, content, measure_mode, measure_reals, redraw
from handwriting_gan.evaluation.scorecard import GuidedEstimates, Scorecard
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.metrics.frechet_distance import frechet_estimate
from handwriting_gan.metrics.morphometrics import ATTRIBUTES
from handwriting_gan.synthesis.trained_model import TrainedModel
from tests.evaluation.conftest import (
    PROTOCOL,
    Collapsed,
    Oracle,
    Shuffled,
    WrongDigit,
    blank,
    blurred,
    specked,
)

OUTPUTS = 20 * 9 * 5  # sources, other digits, tries


def measured(model: Oracle, material: Bench, mode: str = "latent") -> GuidedEstimates:
    """The estimates of a mode."""
    return measure_mode(model, mode, material.judges, material.reals, material.held_out, material.protocol,
                        material.seed)


def values(parts: list[GuidedEstimates], name: str) -> list[float]:
    """The values of one estimate in several parts."""
    return [getattr(part, name).value for part in parts]


@pytest.fixture(scope="module")
def right(card: Scorecard) -> GuidedEstimates:
    """The oracle's latent mode."""
    return card.guided["latent"]


@pytest.fixture(scope="module")
def blurrier(right: GuidedEstimates, styled: np.ndarray, material: Bench) -> list[GuidedEstimates]:
    """The oracle, sharp and blurred by one and two pixels."""
    return [right, *(measured(blurred(styled, sigma), material) for sigma in (1.0, 2.0))]


@pytest.fixture(scope="module")
def dirtier(right: GuidedEstimates, styled: np.ndarray, material: Bench) -> list[GuidedEstimates]:
    """The oracle with more and more specks."""
    return [right, *(measured(specked(styled, fraction), material) for fraction in (0.02, 0.1))]


@pytest.fixture(scope="module")
def wrong_digit(styled: np.ndarray, material: Bench) -> GuidedEstimates:
    return measured(WrongDigit(styled), material)


@pytest.fixture(scope="module")
def collapsed(styled: np.ndarray, material: Bench) -> GuidedEstimates:
    return measured(Collapsed(styled), material)


@pytest.fixture(scope="module")
def nothing(styled: np.ndarray, material: Bench) -> GuidedEstimates:
    """The estimates of blank outputs."""
    return measured(blank(styled), material)


@pytest.mark.parametrize("mode", ["latent", "reference"])
def test_an_oracle_is_nearly_as_good_as_real_glyphs(mode: str, card: Scorecard) -> None:
    real, fake = card.real, card.guided[mode]
    assert fake.digit_accuracy.value > 0.94 < real.digit_accuracy.value
    assert fake.leakage.value < 0.02
    assert fake.frechet_distance.value < 3 * real.frechet_distance.value
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(fake, name).value == pytest.approx(getattr(real, name).value, abs=0.2)
    assert fake.diversity.value == pytest.approx(real.diversity.value, rel=0.1)


@pytest.mark.parametrize("name", ["frechet_distance", "kernel_distance"])
def test_blur_increases_the_distance_from_the_reals(name: str, blurrier: list[GuidedEstimates]) -> None:
    first, second, third = values(blurrier, name)
    assert max(3 * first, 20) < second < third


@pytest.mark.parametrize("name", ["recall", "coverage"])
def test_blur_decreases_the_coverage(name: str, blurrier: list[GuidedEstimates]) -> None:
    found = values(blurrier, name)
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.9 * found[0]


@pytest.mark.parametrize("name", ["precision", "density", "coverage", "digit_accuracy"])
def test_specks_decrease_the_similarity_to_real_glyphs(
        name: str, dirtier: list[GuidedEstimates]) -> None:
    found = values(dirtier, name)
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.9 * found[0]


@pytest.mark.parametrize("name", ["frechet_distance", "kernel_distance"])
def test_specks_increase_the_distance_from_the_reals(
        name: str, dirtier: list[GuidedEstimates]) -> None:
    found = values(dirtier, name)
    assert found == sorted(found)
    assert found[-1] > 5 * found[0]


def test_writing_the_sources_digit_is_leakage_but_near_the_reals(
        wrong_digit: GuidedEstimates, right: GuidedEstimates) -> None:
    assert wrong_digit.digit_accuracy.value < 0.02
    assert wrong_digit.leakage.value > 0.94
    assert wrong_digit.frechet_distance.value < 2 * right.frechet_distance.value


def test_a_collapsed_model_has_no_diversity(collapsed: GuidedEstimates, right: GuidedEstimates) -> None:
    assert collapsed.diversity.value == pytest.approx(0.0, abs=1e-5)
    assert set(collapsed.attribute_variance) == set(ATTRIBUTES)
    for name, figure in collapsed.attribute_variance.items():
        assert figure.value == pytest.approx(0.0, abs=1e-12)
        assert right.attribute_variance[name].value > 0.3


def test_a_collapsed_model_has_low_coverage(
        collapsed: GuidedEstimates, right: GuidedEstimates) -> None:
    assert collapsed.precision.value >= 0.9
    assert collapsed.recall.value < 0.1
    assert collapsed.coverage.value < 0.5 * right.coverage.value
    assert collapsed.frechet_distance.value > 5 * right.frechet_distance.value


def test_shuffled_hands_do_not_change_the_distances_of_sets(
        card: Scorecard, styled: np.ndarray, material: Bench) -> None:
    """A distance of sets does not depend on the target hand; the estimates of a hand do."""
    kept, mixed = card.guided["reference"], measured(Shuffled(styled), material, "reference")
    assert mixed.frechet_distance.value == pytest.approx(kept.frechet_distance.value, rel=0.3)
    for name in ("digit_accuracy", "precision", "recall", "coverage"):
        assert getattr(mixed, name).value == pytest.approx(getattr(kept, name).value, abs=0.1)


def test_blank_outputs_have_no_attributes_and_a_reason(nothing: GuidedEstimates) -> None:
    for figure in nothing.attribute_variance.values():
        assert figure == Estimate(None, reason="no glyph has a value")
    assert nothing.diversity.value == pytest.approx(0.0, abs=1e-5)
    assert nothing.digit_accuracy.value == pytest.approx(0.1)


def test_an_estimate_with_too_few_glyphs_has_a_reason(right: GuidedEstimates) -> None:
    """Five outputs per pair of digits are too few for a covariance of 128 features."""
    for name in ("frechet_distance_per_task", "frechet_distance_per_digit"):
        assert getattr(right, name).value is None
        assert "128 features are too few" in getattr(right, name).reason
    assert right.writer_frechet_distance_per_digit.value > 0


class Narrow:
    """A digit classifier with two features instead of 128, so that ten outputs of a pair of digits are enough."""

    def __init__(self, material: Bench) -> None:
        """Takes its layers from the material's classifier."""
        self.layers = material.judges.reader.layers

    def digits_and_features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """No digits; mean and deviation of the pixels."""
        return np.zeros(len(images), int), self.features(images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Mean and deviation of the pixels."""
        return np.stack([images.mean(axis=(1, 2)), images.std(axis=(1, 2))], axis=1)


@pytest.fixture(scope="module")
def narrow(material: Bench) -> Bench:
    """The material with two features, and with all training glyphs as the reals of tasks."""
    reader, reals = Narrow(material), material.reals
    return material._replace(judges=material.judges._replace(reader=reader), reals=reals._replace(
        features=reader.features(reals.glyphs.images), task_features=reader.features(material.train.images),
        task_digits=material.train.digits))


def test_enough_glyphs_of_every_pair_of_digits_have_a_distance_per_task(
        oracle: Oracle, styled: np.ndarray, narrow: Bench) -> None:
    found, wrong = (measured(model, narrow).frechet_distance_per_task
                   for model in (oracle, WrongDigit(styled)))
    assert found.interval[0] < found.value < found.interval[1]
    assert found.value < 0.7 * wrong.value


def test_the_distance_per_task_is_the_mean_over_target_digits(oracle: Oracle, narrow: Bench) -> None:
    found = measured(oracle, narrow)
    by_target = found.frechet_distance_by_target
    assert list(by_target) == [str(digit) for digit in range(DIGITS)]
    assert np.mean([each.value for each in by_target.values()]) == pytest.approx(found.frechet_distance_per_task.value)


def test_a_task_is_compared_with_all_reals_of_its_target(narrow: Bench) -> None:
    """Reals of other digits do not matter, and those of the target do."""
    chosen = narrow.held_out.take(narrow.held_out.digits == 3)
    fakes = Outputs(chosen.images, chosen.digits, np.full_like(chosen.digits, 8), chosen.writers, 1)
    features, digits = narrow.judges.reader.features(chosen.images), narrow.reals.task_digits

    def distance(moved: int) -> float:
        shifted = narrow.reals.task_features + 50.0 * (digits == moved)[:, None]
        reals = narrow.reals._replace(task_features=shifted)
        return guided.task_distances(fakes, features, reals)["frechet_distance_per_task"].value

    own = narrow.reals.task_features[digits == 3]
    assert distance(8) == pytest.approx(frechet_estimate(features, own, chosen.writers).value)
    assert distance(3) > distance(8) + 1_000


def test_real_held_out_glyphs_have_the_distance_of_a_task_for_each_digit(narrow: Bench) -> None:
    found = measure_reals(narrow.judges, narrow.reals, narrow.held_out, narrow.protocol, narrow.seed)
    mean = found.frechet_distance_per_task
    assert mean.interval[0] < mean.value < mean.interval[1]
    assert len(found.frechet_distance_by_target) == DIGITS
    assert np.mean([each.value for each in found.frechet_distance_by_target.values()]) == pytest.approx(mean.value)


def test_as_many_held_out_glyphs_of_a_digit_as_a_task_has_outputs_are_compared(
        narrow: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    monkeypatch.setattr(guided, "task_distances", lambda fakes, features, reals: counts.append(
        np.bincount(fakes.digits).tolist()) or {"frechet_distance_per_task": Estimate(1.0)})
    measure_reals(narrow.judges, narrow.reals, narrow.held_out, narrow.protocol, 0)
    assert counts == [[PROTOCOL.of_task] * DIGITS]


def test_five_glyphs_have_no_neighbourhood_and_no_covariance(material: Bench) -> None:
    images, digits = material.held_out.images[:5], material.held_out.digits[:5]
    found = guided.likeness(
        material.judges, Outputs(images, digits, digits, digits, 1),
        material.judges.reader.features(images), material.reals, PROTOCOL)
    for name in ("precision", "recall", "density", "coverage"):
        assert found[name] == Estimate(None, reason="5 glyphs have no 5 neighbours each")
    assert np.isfinite(found["kernel_distance"].value)
    assert "too few" in found["frechet_distance"].reason


def test_intervals_are_over_known_writers(right: GuidedEstimates,
                                                  unknown_writers_card: Scorecard) -> None:
    low, high = right.digit_accuracy.interval
    assert low < right.digit_accuracy.value < high
    for found in (unknown_writers_card.real, *unknown_writers_card.guided.values()):
        assert found.digit_accuracy.value > 0.94
        assert found.digit_accuracy.interval is found.frechet_distance.interval is None


@pytest.fixture(scope="module")
def reference_mode(styled: np.ndarray, material: Bench) -> tuple[Outputs, Glyphs, Glyphs]:
    """The outputs of the reference-guided mode, and its sources and references."""
    model, sources = Oracle(styled), material.held_out.take(slice(0, 720, 60))
    outputs = redraw(model, "reference", sources, material.held_out, PROTOCOL, 0)
    (_, repeated, references, _), = model.calls
    return outputs, repeated, references


def test_every_source_has_the_protocols_number_of_outputs_per_other_digit(
        reference_mode: tuple[Outputs, Glyphs, Glyphs]) -> None:
    outputs, sources, _ = reference_mode
    assert len(outputs.digits) == 12 * 9 * PROTOCOL.outputs
    groups = outputs.digits.reshape(12, 9, PROTOCOL.outputs)
    assert (groups == groups[:, :, :1]).all()
    for source, digits in zip(outputs.source_digits[::45], groups[:, :, 0], strict=True):
        assert {*digits.tolist(), int(source)} == set(range(DIGITS))
    np.testing.assert_array_equal(outputs.writers, sources.writers)
    np.testing.assert_array_equal(outputs.source_digits, sources.digits)


def test_references_are_held_out_glyphs_of_the_target_digits(
        reference_mode: tuple[Outputs, Glyphs, Glyphs], material: Bench) -> None:
    outputs, _, references = reference_mode
    np.testing.assert_array_equal(references.digits, outputs.digits)
    known = {image.tobytes() for image in material.held_out.images}
    sampled = [image.tobytes() for image in references.images]
    assert known >= set(sampled)
    assert len(set(sampled[:5])) > 1


def test_both_modes_have_the_same_task(styled: np.ndarray, material: Bench) -> None:
    sources = material.held_out.take(slice(0, 720, 60))
    latent, reference = (redraw(Oracle(styled), mode, sources, material.held_out, PROTOCOL, 0)
                         for mode in ("latent", "reference"))
    for one, other in zip(latent[1:], reference[1:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_real_groups_have_one_digit_each(material: Bench) -> None:
    sources = material.held_out.take(slice(0, 720, 60))
    groups = guided.real_groups(sources, material.held_out, PROTOCOL, 0)
    known = {image.tobytes(): digit for image, digit in zip(
        material.held_out.images, material.held_out.digits.tolist(), strict=True)}
    assert [known[image.tobytes()] for image in groups.images] == groups.digits.tolist()
    np.testing.assert_array_equal(groups.digits, np.repeat(sources.digits, PROTOCOL.outputs))
    np.testing.assert_array_equal(groups.writers, np.repeat(sources.writers, PROTOCOL.outputs))


def test_accuracy_is_over_all_outputs_and_leakage_over_other_target_digits() -> None:
    read, target, shown = np.array([1, 1, 2, 3]), np.array([1, 1, 1, 3]), np.array([2, 2, 2, 3])
    found = content(read, Outputs(np.empty(0), target, shown, np.arange(4), 1))
    assert found["digit_accuracy"].value == 0.75
    assert found["leakage"].value == pytest.approx(1 / 3)
    assert np.transpose(np.nonzero(found["confusion"])).tolist() == [[1, 1], [1, 2], [3, 3]]


def test_the_confusion_sums_to_the_number_of_outputs(card: Scorecard) -> None:
    for mode in ("latent", "reference"):
        found = card.guided[mode]
        assert (found.sources, found.outputs) == (20, OUTPUTS)
        assert np.sum(found.confusion, axis=1).tolist() == [OUTPUTS // DIGITS] * DIGITS
    assert card.real.outputs == PROTOCOL.sample


def test_all_distances_use_the_same_number_of_glyphs(material: Bench) -> None:
    for count in (100, 10_000):
        protocol = PROTOCOL._replace(sample=count)
        few = material.held_out.take(slice(0, 300))
        assert guided.common(protocol, material.reals.glyphs, few) == min(count, 300)


def test_other_outputs_give_other_estimates(
        oracle: TrainedModel, material: Bench, right: GuidedEstimates) -> None:
    again = measured(oracle, material._replace(seed=1))
    assert again.frechet_distance != right.frechet_distance
    assert again.frechet_distance.value == pytest.approx(right.frechet_distance.value, rel=0.5)
