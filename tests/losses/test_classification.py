"""Cross-entropy against the naive formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.losses.classification import confusion, cross_entropy

LOGITS, LABELS = jax.random.normal(jax.random.key(0), (6, 10)), jnp.array([0, 9, 3, 3, 5, 1])


def test_it_is_the_negative_log_probability_of_the_label() -> None:
    odds = np.exp(np.asarray(LOGITS, np.float64))
    probabilities = (odds / odds.sum(axis=1, keepdims=True))[np.arange(6), LABELS]
    assert cross_entropy(LOGITS, LABELS) == pytest.approx(-np.log(probabilities).mean(), rel=1e-5)


def test_uniform_logits_cost_log_10_and_certain_ones_nothing() -> None:
    assert cross_entropy(jnp.zeros((6, 10)), LABELS) == pytest.approx(np.log(10), rel=1e-6)
    assert cross_entropy(100.0 * jax.nn.one_hot(LABELS, 10), LABELS) == pytest.approx(0.0, abs=1e-6)
    shifted = cross_entropy(LOGITS + 1e4, LABELS)
    assert shifted == pytest.approx(float(cross_entropy(LOGITS, LABELS)), rel=1e-2)


def test_confusion_is_the_mean_cross_entropy_over_all_labels_with_its_minimum_at_uniform_logits() -> None:
    every = np.mean([cross_entropy(LOGITS, jnp.full(6, label)) for label in range(10)])
    assert confusion(LOGITS) == pytest.approx(float(every), rel=1e-5)
    assert confusion(jnp.ones((6, 10))) == pytest.approx(np.log(10), rel=1e-6)
    assert confusion(LOGITS) > np.log(10)
