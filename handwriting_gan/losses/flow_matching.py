"""The optimal-transport path of flow matching (Lipman et al. 2023, equations 20 to 23)."""

import jax

SIGMA_MIN = 1e-4  # standard deviation of the noise that is left at time 1; a grey level is 8e-3


def optimal_transport_path(noise: jax.Array, images: jax.Array, times: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The points and the velocities, both `[N, H, W, C]`, of straight paths from noise to images, at times `[N]`.

    `x_t = (1 - (1 - sigma_min) t) x_0 + t x_1` has the constant velocity `x_1 - (1 - sigma_min) x_0`; t is in [0, 1].
    """
    velocities = images - (1.0 - SIGMA_MIN) * noise
    return noise + times[:, None, None, None] * velocities, velocities
