"""The distance of layers: known values and laws."""

import itertools

import numpy as np
import pytest

from handwriting_gan.metrics.diversity import attribute_spread, diversity


def layer(*positions: list[float]) -> np.ndarray:
    """One layer `[1, 1, W, C]` of one image, from the channels at W positions."""
    return np.array(positions, np.float32)[None, None]


def some_layers(rng: np.random.Generator) -> list[np.ndarray]:
    """Two layers of five images."""
    return [np.abs(rng.normal(size=shape)) for shape in ((5, 6, 6, 4), (5, 3, 3, 8))]


def layer_distance(one: list[np.ndarray], other: list[np.ndarray]) -> np.ndarray:
    """Distance `[N]` of images by their layers, each `[N, H, W, C]`: the diversity of the two as outputs."""
    return diversity([np.stack(pair, axis=1) for pair in zip(one, other, strict=True)])


def naive(one: list[np.ndarray], other: list[np.ndarray]) -> np.ndarray:
    """The same by its definition."""
    def unit(x: np.ndarray) -> np.ndarray:
        return x / (np.sqrt(np.sum(x**2, axis=-1, keepdims=True)) + 1e-10)

    return sum(np.sum((unit(a) - unit(b)) ** 2, axis=-1).mean(axis=(1, 2))
               for a, b in zip(one, other, strict=True))


def test_normalised_channels_are_compared_at_each_position() -> None:
    """(3, 4) and (0, 5) become (.6, .8) and (0, 1): the distance is .36 + .04; the second position is equal."""
    one, other = layer([3, 4], [1, 1]), layer([0, 5], [2, 2])
    assert layer_distance([one], [other]) == pytest.approx([0.4 / 2])


def test_layers_are_summed() -> None:
    one, other = layer([1, 0]), layer([0, 1])
    assert layer_distance([one, one], [other, one]) == pytest.approx([2.0])
    assert layer_distance([one, one], [other, other]) == pytest.approx([4.0])


def test_zero_channels_have_distance_1_to_others() -> None:
    assert layer_distance([layer([0, 0])], [layer([5, 2])]) == pytest.approx([1.0])
    assert layer_distance([layer([0, 0])], [layer([0, 0])]) == pytest.approx([0.0])


def test_the_distance_is_by_row(rng: np.random.Generator) -> None:
    one, other = some_layers(rng), some_layers(rng)
    alone = [layer_distance([x[row:row + 1] for x in one], [x[row:row + 1] for x in other])[0]
             for row in range(5)]
    np.testing.assert_allclose(layer_distance(one, other), alone)


def test_the_distance_is_symmetric_and_0_only_for_equal_images(rng: np.random.Generator) -> None:
    one, other = some_layers(rng), some_layers(rng)
    np.testing.assert_allclose(layer_distance(one, other), layer_distance(other, one))
    np.testing.assert_allclose(layer_distance(one, one), 0.0, atol=1e-12)
    assert (layer_distance(one, other) > 0).all()


def test_the_norm_at_a_position_does_not_matter(rng: np.random.Generator) -> None:
    one, other = some_layers(rng), some_layers(rng)
    stronger = [x * rng.uniform(0.5, 10.0, (*x.shape[:3], 1)) for x in one]
    np.testing.assert_allclose(layer_distance(stronger, other), layer_distance(one, other),
                               rtol=1e-6)


def outputs(*images: np.ndarray) -> np.ndarray:
    """The outputs `[1, T, 1, W, C]` of one source, by the layers of each."""
    return np.stack(images, axis=1)


def some_outputs(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Two layers of several outputs of three sources."""
    return [np.abs(rng.normal(size=shape)) for shape in ((3, count, 6, 6, 4), (3, count, 3, 3, 8))]


def test_all_pairs_of_outputs_are_compared() -> None:
    """The distances between (1, 0), (0, 1) and (1, 0) are 2, 2 and 0."""
    one, other = layer([1, 0]), layer([0, 1])
    assert diversity([outputs(one, other)]) == pytest.approx([2.0])
    assert diversity([outputs(one, other, one)]) == pytest.approx([4 / 3])


def test_every_source_has_its_own_diversity() -> None:
    one, other = layer([1, 0]), layer([0, 1])
    both = np.concatenate([outputs(one, other), outputs(one, one)])
    assert diversity([both]) == pytest.approx([2.0, 0.0])


@pytest.mark.parametrize("count", [2, 3, 7])
def test_diversity_is_the_mean_distance_of_all_pairs(count: int, rng: np.random.Generator) -> None:
    layers = some_outputs(rng, count)
    pairs = [naive([x[:, first] for x in layers], [x[:, second] for x in layers])
             for first, second in itertools.combinations(range(count), 2)]
    np.testing.assert_allclose(diversity(layers), np.mean(pairs, axis=0))


def test_float16_layers_give_the_same_diversity(rng: np.random.Generator) -> None:
    layers = some_outputs(rng, 10)
    halves = [x.astype(np.float32) for x in layers]
    np.testing.assert_allclose(diversity(halves), diversity(layers), rtol=1e-5)


def test_equal_outputs_have_diversity_0(rng: np.random.Generator) -> None:
    same = [np.repeat(x, 4, axis=1) for x in some_outputs(rng, 1)]
    np.testing.assert_allclose(diversity(same), 0.0, atol=1e-12)


def test_the_order_of_outputs_does_not_matter(rng: np.random.Generator) -> None:
    layers = some_outputs(rng, 4)
    np.testing.assert_allclose(diversity([x[:, ::-1] for x in layers]), diversity(layers))


def test_the_spread_of_attributes_is_their_unbiased_variance() -> None:
    """The squared deviations of 1, 2 and 3 are 1, 0 and 1: 2 / 2. The second attribute is constant."""
    spread = attribute_spread(np.array([[[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]], [[0.0, 0.0]] * 3]))
    assert spread.tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_a_source_with_a_blank_output_has_no_spread() -> None:
    spread = attribute_spread(np.array([[[1.0], [np.nan]], [[1.0], [3.0]]]))
    np.testing.assert_array_equal(spread, [[np.nan], [2.0]])


def test_the_spread_of_standard_normal_values_is_1(rng: np.random.Generator) -> None:
    assert attribute_spread(rng.normal(size=(5_000, 3, 2))).mean(axis=0) == pytest.approx([1, 1], abs=0.05)


def test_a_single_output_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="at least two"):
        diversity(some_outputs(rng, 1))
    with pytest.raises(ValueError, match="at least two"):
        attribute_spread(np.zeros((5, 1, 2)))
