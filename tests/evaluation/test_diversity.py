"""Distances of layers worked out by hand, and their laws."""

import numpy as np
import pytest

from handwriting_gan.evaluation.diversity import diversity, layer_distance


def layer(*places: list[float]) -> np.ndarray:
    """One image `[1, 1, W, C]` by the channels at each of its W places."""
    return np.array(places, np.float32)[None, None]


def some_layers(rng: np.random.Generator) -> list[np.ndarray]:
    """What a network with two layers might see in five images."""
    return [np.abs(rng.normal(size=shape)) for shape in ((5, 6, 6, 4), (5, 3, 3, 8))]


def test_unit_channels_are_compared_place_by_place() -> None:
    """(3, 4) and (0, 5) become (.6, .8) and (0, 1): .36 + .04 apart; the second place is equal."""
    one, other = layer([3, 4], [1, 1]), layer([0, 5], [2, 2])
    assert layer_distance([one], [other]) == pytest.approx([0.4 / 2])


def test_layers_are_summed() -> None:
    one, other = layer([1, 0]), layer([0, 1])
    assert layer_distance([one, one], [other, one]) == pytest.approx([2.0])
    assert layer_distance([one, one], [other, other]) == pytest.approx([4.0])


def test_silent_channels_are_one_away_from_any_others() -> None:
    assert layer_distance([layer([0, 0])], [layer([5, 2])]) == pytest.approx([1.0])
    assert layer_distance([layer([0, 0])], [layer([0, 0])]) == pytest.approx([0.0])


def test_images_are_compared_row_by_row(rng: np.random.Generator) -> None:
    one, other = some_layers(rng), some_layers(rng)
    alone = [layer_distance([x[row:row + 1] for x in one], [x[row:row + 1] for x in other])[0]
             for row in range(5)]
    np.testing.assert_allclose(layer_distance(one, other), alone)


def test_the_distance_is_symmetric_and_zero_only_to_itself(rng: np.random.Generator) -> None:
    one, other = some_layers(rng), some_layers(rng)
    np.testing.assert_allclose(layer_distance(one, other), layer_distance(other, one))
    np.testing.assert_allclose(layer_distance(one, one), 0.0, atol=1e-12)
    assert (layer_distance(one, other) > 0).all()


def test_the_strength_of_a_place_does_not_matter(rng: np.random.Generator) -> None:
    one, other = some_layers(rng), some_layers(rng)
    stronger = [x * rng.uniform(0.5, 10.0, (*x.shape[:3], 1)) for x in one]
    np.testing.assert_allclose(layer_distance(stronger, other), layer_distance(one, other),
                               rtol=1e-6)


def test_diversity_is_the_mean_over_all_pairs() -> None:
    """Between (1, 0), (0, 1) and (1, 0) two pairs are 2 apart and one is 0 apart."""
    one, other = [layer([1, 0])], [layer([0, 1])]
    assert diversity([one, other]) == pytest.approx(2.0)
    assert diversity([one, other, one]) == pytest.approx(4 / 3)


def test_diversity_is_the_mean_over_sources() -> None:
    one = [np.concatenate([layer([1, 0]), layer([1, 0])])]
    other = [np.concatenate([layer([0, 1]), layer([1, 0])])]
    assert diversity([one, other]) == pytest.approx(1.0)


def test_the_same_output_again_and_again_has_no_diversity(rng: np.random.Generator) -> None:
    assert diversity([some_layers(rng)] * 4) == pytest.approx(0.0, abs=1e-12)


def test_the_order_of_outputs_does_not_matter(rng: np.random.Generator) -> None:
    outputs = [some_layers(rng) for _ in range(4)]
    assert diversity(outputs[::-1]) == pytest.approx(diversity(outputs))


def test_one_output_has_no_diversity_to_measure(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="at least two"):
        diversity([some_layers(rng)])
