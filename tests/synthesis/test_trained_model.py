"""Batches do not change the results of a model; its arguments are checked."""

import re
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from configs import stargan_v2 as config_file
from handwriting_gan import methods
from handwriting_gan.data.glyphs import SIDE, Glyphs, make_glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.methods.method import Guided, Method, image_as_content
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.trained_model import TrainedModel

HANDS = 3  # per call
CHUNK = 4  # images per call
REFERENCES = 2


@pytest.fixture(autouse=True)
def few_hands_per_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_model, "HANDS", HANDS)


@pytest.fixture(scope="module")
def deterministic() -> TrainedModel:
    """A model without latents: `tiny` with random weights."""
    config, rng = config_file.get_config("tiny"), np.random.default_rng(0)
    config.route = "reference"
    method = methods.build(config)
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    params = jax.tree.map(lambda x: rng.normal(0.0, 0.2, x.shape).astype(np.float32), shapes)
    return TrainedModel(config, method, params, 0)


@pytest.fixture(scope="module")
def sampling() -> TrainedModel:
    """A model that samples a latent and adds it to the image."""

    def write(params: dict, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        latent = variation * jax.random.normal(key, references.shape[1:])
        code = reference_digits.mean() + 3 * digits[:, None, None, None]
        return jnp.tanh(references.mean(axis=0) + code / 30 + latent)

    def blend(params: dict, references: jax.Array, reference_digits: jax.Array, others: jax.Array,
              other_digits: jax.Array, digits: jax.Array, key: jax.Array, variation: jax.Array,
              share: jax.Array) -> jax.Array:
        ends = (write(params, *hand, digits, key, variation)
                for hand in ((references, reference_digits), (others, other_digits)))
        return sum(part * end for part, end in zip((1 - share, share), ends, strict=True))

    return TrainedModel(ConfigDict(), Method({}, dict, (), (), {"writer": write, "blend": blend}), {}, 0)


def hands(glyphs: Glyphs, count: int) -> Glyphs:
    """Two references of each of `count` hands: columns `[E, K, ...]`."""
    rows = np.arange(count)[:, None] * 70 + np.arange(REFERENCES) * 300
    return glyphs.take(rows)


def one_hand(glyphs: Glyphs, count: int) -> Glyphs:
    """The same hand `count` times."""
    return glyphs.take(np.tile([0, 300], (count, 1)))


@pytest.mark.parametrize("model", ["deterministic", "sampling"])
@pytest.mark.parametrize("count", [1, HANDS, HANDS + 1, 2 * HANDS + 2])
def test_many_hands_are_written_like_each_alone(
        count: int, model: str, held_out: Glyphs, request: pytest.FixtureRequest) -> None:
    model, references, digits = request.getfixturevalue(model), hands(held_out, count), np.arange(count) % 10
    found = model.write_each(references, digits, variation=0.0)
    assert (found.dtype, found.shape) == (np.uint8, (count, SIDE, SIDE))
    alone = [model.write(references.take(hand), [digit], variation=0.0)[0]
             for hand, digit in enumerate(digits)]
    np.testing.assert_allclose(found.astype(int), alone, atol=1)
    assert len(np.unique(found, axis=0)) == count


def test_every_hand_has_its_own_latent(sampling: TrainedModel, held_out: Glyphs) -> None:
    """Keys must not repeat after the first call."""
    count = 2 * HANDS + 2
    found = sampling.write_each(one_hand(held_out, count), np.full(count, 7))
    assert len(np.unique(found, axis=0)) == count


def test_the_best_guess_does_not_depend_on_the_seed(sampling: TrainedModel, held_out: Glyphs) -> None:
    references, digits = one_hand(held_out, HANDS + 1), np.full(HANDS + 1, 7)
    guesses = [sampling.write_each(references, digits, seed, variation=0.0) for seed in (0, 1)]
    guesses.append(sampling.write(references.take(0), [7], seed=2, variation=0.0))
    assert np.ptp(np.concatenate(guesses).astype(int), axis=0).max() <= 1


def test_another_seed_gives_another_try(sampling: TrainedModel, held_out: Glyphs) -> None:
    references, digits = hands(held_out, HANDS), np.array([4, 8, 1])
    one, again, other = (sampling.write_each(references, digits, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any(axis=(1, 2)).all()
    one, again, other = (sampling.write(references.take(0), digits, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_the_default_is_a_natural_try(
        sampling: TrainedModel, held_out: Glyphs) -> None:
    references, digits = hands(held_out, HANDS), np.array([4, 8, 1])
    for write in (lambda *rest: sampling.write_each(references, digits, 5, *rest),
                  lambda *rest: sampling.write(references.take(0), digits, 5, *rest)):
        np.testing.assert_array_equal(write(), write(1.0))
        assert (write() != write(0.5)).any()


def test_without_latents_seed_and_variation_have_no_effect(
        deterministic: TrainedModel, held_out: Glyphs) -> None:
    references, digits = hands(held_out, HANDS), np.array([4, 8, 1])
    np.testing.assert_array_equal(deterministic.write_each(references, digits),
                                  deterministic.write_each(references, digits, seed=9, variation=0.0))


@pytest.mark.slow  # compiles two calls; many hands have a fast test
def test_many_digits_in_one_hand_are_written_like_in_one_call(
        deterministic: TrainedModel, sampling: TrainedModel, held_out: Glyphs,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same order; every call samples its own latent."""
    references, digits = held_out.take([0, 300]), np.arange(11) % 10
    whole = deterministic.write(references, digits)
    monkeypatch.setattr(trained_model, "CHUNK", 4)
    assert np.abs(deterministic.write(references, digits).astype(int) - whole).max() <= 1
    tries = sampling.write(references, np.full(11, 7))
    assert [len(np.unique(tries[start:start + 4], axis=0)) for start in (0, 4, 8)] == [1, 1, 1]
    assert len(np.unique(tries, axis=0)) == 3


@pytest.mark.parametrize("count", [1, CHUNK, 2 * CHUNK + 3])
def test_repeated_sources_and_references_are_redrawn_like_each_alone(
        deterministic: TrainedModel, held_out: Glyphs, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each distinct glyph is encoded once, with its own digit and style."""
    monkeypatch.setattr(trained_model, "IMAGES", CHUNK)
    sources = held_out.take(np.arange(count) // 5 * 70)
    references = held_out.take(np.arange(count) % 3 * 110)
    found = deterministic.reference_guided(sources, references)
    alone = np.concatenate([deterministic.reference_guided(sources.take([row]), references.take([row]))
                            for row in range(count)])
    assert (found.dtype, found.shape) == (np.uint8, (count, SIDE, SIDE))
    np.testing.assert_allclose(found.astype(int), alone, atol=1)
    assert len(np.unique(found, axis=0)) == len({(row // 5, row % 3) for row in range(count)})


def test_every_output_has_its_own_latent(held_out: Glyphs, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the same source and digit, and after the first call."""

    def decode(params: dict, contents: jax.Array, latents: jax.Array, digits: jax.Array) -> jax.Array:
        return jnp.tanh(contents + latents.reshape(contents.shape))

    synthesis = {"latent": Guided(image_as_content, decode, latent_dim=SIDE * SIDE)}
    model = TrainedModel(ConfigDict(), Method({}, dict, (), (), synthesis), {}, 0)
    monkeypatch.setattr(trained_model, "CHUNK", CHUNK)
    count = 2 * CHUNK + 3
    found = model.latent_guided(held_out.take(np.zeros(count, int)), np.full(count, 7))
    assert len(np.unique(found, axis=0)) == count
    # The latents do not depend on the number of images per call.
    monkeypatch.setattr(trained_model, "IMAGES", 3)
    np.testing.assert_array_equal(
        model.latent_guided(held_out.take(np.zeros(count, int)), np.full(count, 7)), found)


@pytest.fixture(scope="module")
def translating() -> TrainedModel:
    """Adds latent or style to the source; a style is the reference itself."""

    def decode(params: dict, contents: jax.Array, codes: jax.Array, digits: jax.Array) -> jax.Array:
        return jnp.tanh(contents + codes.reshape(contents.shape) + digits[:, None, None, None] / 30)

    def style(params: dict, references: jax.Array, digits: jax.Array) -> jax.Array:
        return references

    synthesis = {"latent": Guided(image_as_content, decode, latent_dim=SIDE * SIDE),
                 "reference": Guided(image_as_content, decode, style)}
    return TrainedModel(ConfigDict(), Method({}, dict, (), (), synthesis), {}, 0)


def test_equal_numbers_of_a_style_give_equal_latents(translating: TrainedModel, held_out: Glyphs) -> None:
    sources, digits = held_out.take(np.zeros(4, int)), np.full(4, 7)
    first, second, third, fourth = translating.latent_guided(sources, digits, 0, [2, 1, 2, 3])
    np.testing.assert_array_equal(first, third)
    np.testing.assert_array_equal([first, second, fourth],
                                  translating.latent_guided(sources, digits)[[2, 1, 3]])


def test_latents_pass_from_one_style_to_another(translating: TrainedModel, held_out: Glyphs) -> None:
    sources, digits = held_out.take([5]), [7]
    start, near, half, end = (translating.latent_guided(sources, digits, 0, [0], [1], share).astype(float)
                              for share in (0.0, 0.1, 0.5, 1.0))
    np.testing.assert_array_equal(start, translating.latent_guided(sources, digits, 0, [0]))
    np.testing.assert_array_equal(end, translating.latent_guided(sources, digits, 0, [1]))
    whole = np.abs(end - start).sum()
    assert 0 < np.abs(near - start).sum() < np.abs(half - start).sum() < whole


def test_the_arc_between_latents_keeps_their_length(rng: np.random.Generator) -> None:
    start, end = rng.normal(size=(2, 5, 16))
    start, end = (3 * latents / np.linalg.norm(latents, axis=1, keepdims=True) for latents in (start, end))
    for share in (0.0, 0.3, 1.0):
        np.testing.assert_allclose(np.linalg.norm(trained_model._on_arc(start, end, share), axis=1), 3)
    np.testing.assert_allclose(trained_model._on_arc(start, end, 0.5), (start + end) / np.linalg.norm(
        start + end, axis=1, keepdims=True) * 3)
    np.testing.assert_allclose(trained_model._on_arc(start, start, 0.3), start)


def test_styles_of_references_are_interpolated_and_the_nearer_one_sets_the_digit(
        translating: TrainedModel, held_out: Glyphs) -> None:
    sources, one, other = (held_out.take([row]) for row in (5, 300, 700))
    start, end = translating.reference_guided(sources, one), translating.reference_guided(sources, other)
    np.testing.assert_array_equal(translating.reference_guided(sources, one, 0, other, 0.0), start)
    np.testing.assert_array_equal(translating.reference_guided(sources, one, 0, other, 1.0), end)
    styles = [glyph.images / 127.5 - 1 for glyph in (one, other)]
    for share, digit in ((0.4, one.digits), (0.6, other.digits)):
        style = (1 - share) * styles[0] + share * styles[1]
        expected = np.tanh(sources.images / 127.5 - 1 + style + digit[:, None, None] / 30)
        found = translating.reference_guided(sources, one, 0, other, share)
        np.testing.assert_allclose(found / 127.5 - 1, expected, atol=0.01)


def test_every_reference_guided_output_has_its_own_latent_if_the_mode_has_latents(held_out: Glyphs) -> None:
    """Of equal sources and references, which are encoded once."""

    def decode(params: dict, contents: jax.Array, styles: jax.Array, latents: jax.Array,
               digits: jax.Array) -> jax.Array:
        return jnp.tanh(contents + styles + latents.reshape(contents.shape))

    synthesis = {"reference": Guided(image_as_content, decode, lambda params, references, digits: references,
                                     latent_dim=SIDE * SIDE)}
    model, same = TrainedModel(ConfigDict(), Method({}, dict, (), (), synthesis), {}, 0), held_out.take([0] * 5)
    one, again, other = (model.reference_guided(same, same, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert len(np.unique(np.concatenate([one, other]), axis=0)) == 10


def test_several_tries_are_written_like_each_alone(sampling: TrainedModel, held_out: Glyphs) -> None:
    references, digits = hands(held_out, HANDS + 1), np.array([4, 8, 1, 7])
    tries = [(5, 0.0), (6, 1.0), (7, 1.0)]
    alone = [sampling.write_each(references, digits, *how) for how in tries]
    np.testing.assert_array_equal(sampling.write_tries(references, digits, tries), alone)


def test_a_blend_interpolates_between_the_two_hands(sampling: TrainedModel, held_out: Glyphs) -> None:
    one, other, digits = held_out.take([0, 300]), held_out.take([700]), [4, 8, 1]
    start, half, end = (sampling.blend(one, other, digits, share, 5, 0.3) for share in (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(start, sampling.write(one, digits, 5, 0.3))
    np.testing.assert_array_equal(end, sampling.write(other, digits, 5, 0.3))
    assert np.abs(half.astype(float) - (start.astype(float) + end) / 2).max() <= 1


def test_a_field_that_only_synthesis_uses_can_be_changed(deterministic: TrainedModel, held_out: Glyphs) -> None:
    other = deterministic.with_fields(route="source")
    assert (deterministic.config.route, other.config.route) == ("reference", "source")
    assert other.params is deterministic.params
    references = one_hand(held_out, 2)
    assert not np.array_equal(other.write_each(references, [4, 8]), deterministic.write_each(references, [4, 8]))
    with pytest.raises(InputError, match="stargan_v2 has no solver"):
        deterministic.with_fields(solver="heun")
    with pytest.raises(InputError, match="route is 'telepathy'; it must be one of source"):
        deterministic.with_fields(route="telepathy")


def test_blending_without_the_mode_is_an_error(deterministic: TrainedModel, held_out: Glyphs) -> None:
    with pytest.raises(InputError, match="has no blend mode; it has"):
        deterministic.blend(held_out.take([0]), held_out.take([1]), [1], 0.5)


def test_writing_without_the_mode_is_an_error(deterministic: TrainedModel, held_out: Glyphs) -> None:
    synthesis = {"latent": deterministic.method.synthesis["latent"]}
    method = deterministic.method._replace(synthesis=synthesis)
    model = TrainedModel(deterministic.config, method, deterministic.params, 0)
    assert model.modes == ("latent",)
    for write in (lambda: model.write(held_out.take([0]), [1]),
                  lambda: model.write_each(hands(held_out, 1), np.array([1]))):
        with pytest.raises(InputError, match="has no writer mode; it has latent"):
            write()


@pytest.fixture(scope="module")
def blank() -> TrainedModel:
    """A model with all modes whose output is blank paper; only its arguments matter."""

    def paper(digits: jax.Array) -> jax.Array:
        return jnp.full((len(digits), SIDE, SIDE, 1), -1.0)

    synthesis = {
        "writer": lambda params, references, own, digits, *rest: paper(digits),
        "blend": lambda params, references, own, others, theirs, digits, *rest: paper(digits),
        "latent": Guided(image_as_content, lambda params, contents, latents, digits: paper(digits), latent_dim=1),
        "reference": Guided(image_as_content, lambda params, contents, styles, digits: paper(digits),
                            lambda params, references, digits: references),
    }
    return TrainedModel(ConfigDict(), Method({}, dict, (), (), synthesis), {}, 0)


IMAGES = np.zeros((3, SIDE, SIDE), np.uint8)
SHOWN = make_glyphs(IMAGES, [2, 7, 3])
MANY = SHOWN.take(np.array([[0, 1], [1, 2]]))  # two hands of two glyphs
VALID = {  # valid arguments by method
    "write": {"references": SHOWN, "digits": [4, 8, 1], "seed": 0, "variation": 1.0},
    "blend": {"references": SHOWN, "others": SHOWN, "digits": [4, 8, 1], "share": 0.5, "seed": 0,
              "variation": 1.0},
    "write_each": {"references": MANY, "digits": [4, 8], "seed": 0, "variation": 1.0},
    "write_tries": {"references": MANY, "digits": [4, 8], "tries": [(0, 1.0)]},
    "latent_guided": {"sources": SHOWN, "digits": [4, 8, 1], "seed": 0},
    "reference_guided": {"sources": SHOWN, "references": SHOWN, "seed": 0},
}


def invalid_glyphs(glyphs: Glyphs) -> dict[str, object]:
    """Invalid variants of the glyphs, by description."""
    images, digits = glyphs.images, glyphs.digits
    empty = (0, *digits.shape[1:])
    return {
        "float images": glyphs._replace(images=images / 255),
        "boolean images": glyphs._replace(images=images > 0),
        "images of int64": glyphs._replace(images=images.astype(int)),
        "JAX's float images": glyphs._replace(images=jnp.zeros(images.shape)),
        "another size": glyphs._replace(images=images[..., 1:]),
        "channels": glyphs._replace(images=images[..., None]),
        "one glyph alone": glyphs.take(0) if digits.ndim == 1 else glyphs._replace(images=images[0]),
        "digit 12": glyphs._replace(digits=digits + 10),
        "digit -1": glyphs._replace(digits=digits - 10),
        "float digits": glyphs._replace(digits=digits.astype(float)),
        "boolean digits": glyphs._replace(digits=digits > 2),
        "too few digits": glyphs._replace(digits=digits[:-1]),
        "digits of another shape": glyphs._replace(digits=digits[..., None]),
        "none": glyphs._replace(images=np.zeros((*empty, SIDE, SIDE), np.uint8), digits=np.zeros(empty, int)),
        "images alone": images,
    }


INVALID_DIGITS = ([4, 12, 1], [4, -1, 1], [4.0, 8.0, 1.0], [True, False, True], [4, 8, True], ["4", "8", "1"], [],
                  7, [[4, 8, 1]], [4, None, 1], [4, 2**70, 1], [4, 2**32 + 1, 1], np.array([0.4, 0.8, 0.1]),
                  jnp.array([0.4, 0.8, 0.1]), "481")
INVALID_SEEDS = (-1, 2**32, 2**40, 10**30, 0.0, 1.5, True, None, "1", [1], np.nan)
INVALID_AMOUNTS = (np.nan, np.inf, -0.1, 1.001, 7, -1, True, None, "0.5", [0.5], 1j)


def invalid_arguments() -> Iterator[tuple[str, str, object]]:
    """A method, the name of an argument, and an invalid value for it."""
    for method, arguments in VALID.items():
        for name, valid in arguments.items():
            if isinstance(valid, Glyphs):
                yield from ((method, name, bad) for bad in invalid_glyphs(valid).values())
        if "digits" in arguments:
            yield from ((method, "digits", bad) for bad in INVALID_DIGITS)
        if "seed" in arguments:
            yield from ((method, "seed", bad) for bad in INVALID_SEEDS)
        yield from ((method, name, bad) for name in {"variation", "share"} & set(arguments)
                    for bad in INVALID_AMOUNTS)
    yield from (("write_tries", "tries", [(0, 1.0), (bad, 0.5)]) for bad in INVALID_SEEDS)
    yield from (("write_tries", "tries", [(0, 1.0), (1, bad)]) for bad in INVALID_AMOUNTS)
    yield "write_tries", "tries", []


@pytest.mark.parametrize("method", VALID)
def test_an_invalid_argument_is_an_error_that_names_it(blank: TrainedModel, method: str) -> None:
    """One invalid argument at a time; no network runs."""
    for name, bad in ((name, bad) for of, name, bad in invalid_arguments() if of == method):
        try:
            found = getattr(blank, method)(**VALID[method] | {name: bad})
        except ValueError as error:
            assert re.search("seed|variation" if name == "tries" and bad else name, str(error)), (name, bad)
        else:
            pytest.fail(f"{method} accepts {bad!r} as {name}, and returns {found.shape}")


@pytest.mark.parametrize(("method", "name", "bad"), [
    ("write_each", "digits", [4]), ("write_tries", "digits", [4, 8, 1]), ("latent_guided", "digits", [4, 8]),
    ("reference_guided", "references", SHOWN.take([0, 1])), ("write", "references", MANY),
    ("write_each", "references", SHOWN), ("blend", "others", SHOWN.take([])), ("latent_guided", "styles", [0, 1]),
    ("latent_guided", "styles", [0, 1, -1]), ("latent_guided", "others", [0.0, 1.0, 2.0]),
    ("latent_guided", "share", 1.5), ("reference_guided", "others", SHOWN.take([0, 1])),
    ("reference_guided", "share", -0.1),
])
def test_arguments_that_do_not_fit_each_other_are_an_error(blank: TrainedModel, method: str, name: str,
                                                           bad: object) -> None:
    with pytest.raises(ValueError, match=name):
        getattr(blank, method)(**VALID[method] | {name: bad})


@pytest.mark.parametrize("method", VALID)
@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray, list, lambda column: np.asarray(column, np.int8)])
def test_numpy_arrays_jax_arrays_and_lists_are_accepted(blank: TrainedModel, method: str,
                                                        kind: Callable[[object], object]) -> None:
    def converted(name: str, good: object) -> object:
        if isinstance(good, Glyphs):
            as_it_was = kind if kind in (jnp.asarray, list) else np.asarray
            return good._replace(images=as_it_was(good.images), digits=kind(good.digits))
        return kind(good) if name == "digits" else good

    expected = getattr(blank, method)(**VALID[method])
    found = getattr(blank, method)(**{name: converted(name, good) for name, good in VALID[method].items()})
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", [2**32 - 1, np.uint32(7), np.int64(7), jnp.array(7)])
@pytest.mark.parametrize("variation", [0, 1, np.float32(0.5), jnp.array(0.5)])
def test_numbers_of_python_numpy_and_jax_are_accepted(blank: TrainedModel, seed: int, variation: float) -> None:
    assert blank.blend(SHOWN, SHOWN, [1], variation, seed, variation).shape == (1, SIDE, SIDE)


def test_an_error_shows_the_value_and_the_expected_range(blank: TrainedModel) -> None:
    with pytest.raises(ValueError, match=re.escape(
            "images of references must be uint8 [N, 28, 28], 0 paper to 255 ink, not float64 [3, 28, 28]")):
        blank.write(SHOWN._replace(images=IMAGES / 255), [1])
    with pytest.raises(ValueError, match="digits must be whole numbers from 0 to 9, not 12"):
        blank.write(SHOWN, [4, 12])
    with pytest.raises(ValueError, match="variation must be a number from 0 to 1, not nan"):
        blank.write(SHOWN, [4], variation=np.nan)
    with pytest.raises(ValueError, match="share must be a number from 0 to 1, not 7"):
        blank.blend(SHOWN, SHOWN, [4], share=7)
    with pytest.raises(ValueError, match="3 sources need 3 references, not 2"):
        blank.reference_guided(SHOWN, SHOWN.take([0, 1]))
