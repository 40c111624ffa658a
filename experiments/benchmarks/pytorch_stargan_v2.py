# ruff: noqa: D102 - a network's docstring gives input -> output
"""StarGAN v2 in plain eager PyTorch, as a competent PyTorch user would write it, for the speed comparison.

It is written from the paper's equations (Choi et al. 2020, arXiv:1912.01865) and this project's definitions; it
uses nothing from the authors' repository. `experiments.benchmarks.parity` checks that both compute the same.

Axes: B images, C channels, H x W pixels, D domains, S style, Z latent; images are NCHW.
"""

import copy
import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from ml_collections import ConfigDict
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

DOMAINS = 10
NETWORKS = ("generator", "mapping_network", "style_encoder", "discriminator")
AVERAGED = ("generator", "mapping_network", "style_encoder")


class Batch(NamedTuple):
    """Sources to translate, and two references of one target digit each."""

    sources: Tensor  # float [B, 1, 28, 28]
    source_digits: Tensor  # int64 [B]
    references: Tensor  # float [B, 1, 28, 28]
    second_references: Tensor  # float [B, 1, 28, 28]
    reference_digits: Tensor  # int64 [B]


Latents = tuple[Tensor, Tensor]  # two of [B, Z]
Terms = dict[str, Tensor]  # {term: scalar}


# Layers.


def leaky_relu(x: Tensor) -> Tensor:
    """Leaky ReLU with the slope 0.2 of every StarGAN v2 network."""
    return functional.leaky_relu(x, 0.2)


def conv(inputs: int, outputs: int, kernel: int = 3, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)


def halve(x: Tensor) -> Tensor:
    """2 x 2 average pooling; an odd row or column is dropped."""
    return functional.avg_pool2d(x, 2)


def double(x: Tensor) -> Tensor:
    """Nearest-neighbour upsampling."""
    return functional.interpolate(x, scale_factor=2, mode="nearest")


def identity(x: Tensor) -> Tensor:
    """Keeps the size."""
    return x


def shortcut(inputs: int, outputs: int) -> nn.Module:
    """A 1 x 1 convolution where the width changes."""
    return nn.Identity() if inputs == outputs else conv(inputs, outputs, 1, bias=False)


class AdaptiveInstanceNorm(nn.Module):
    """`[B, C, H, W]`, `[B, S]` -> `[B, C, H, W]`; the scale is 1 + gamma."""

    def __init__(self, channels: int, style_dim: int) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels)
        self.linear = nn.Linear(style_dim, 2 * channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        gamma, beta = self.linear(style)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(beta, 1 + gamma, self.norm(x))


class ResidualBlock(nn.Module):
    """`[B, inputs, H, W] -> [B, outputs, H', W']`; pre-activation, keeps unit variance."""

    def __init__(self, inputs: int, outputs: int, resize: Callable[[Tensor], Tensor] = identity,
                 norm: bool = False) -> None:
        super().__init__()
        self.resize = resize
        self.norm1 = nn.InstanceNorm2d(inputs, affine=True) if norm else nn.Identity()
        self.norm2 = nn.InstanceNorm2d(inputs, affine=True) if norm else nn.Identity()
        self.conv1 = conv(inputs, inputs)
        self.conv2 = conv(inputs, outputs)
        self.shortcut = shortcut(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.resize(self.conv1(leaky_relu(self.norm1(x))))
        residual = self.conv2(leaky_relu(self.norm2(residual)))
        return (self.resize(self.shortcut(x)) + residual) / math.sqrt(2)


class AdaptiveResidualBlock(nn.Module):
    """`[B, inputs, H, W]`, `[B, S]` -> `[B, outputs, H', W']`, resized before the first convolution."""

    def __init__(self, inputs: int, outputs: int, style_dim: int,
                 resize: Callable[[Tensor], Tensor] = identity) -> None:
        super().__init__()
        self.resize = resize
        self.norm1 = AdaptiveInstanceNorm(inputs, style_dim)
        self.norm2 = AdaptiveInstanceNorm(outputs, style_dim)
        self.conv1 = conv(inputs, outputs)
        self.conv2 = conv(outputs, outputs)
        self.shortcut = shortcut(inputs, outputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        residual = self.conv1(self.resize(leaky_relu(self.norm1(x, style))))
        residual = self.conv2(leaky_relu(self.norm2(residual, style)))
        return (self.shortcut(self.resize(x)) + residual) / math.sqrt(2)


class DomainLinear(nn.Module):
    """One linear layer per domain: `[B, inputs]` or `[D, B, inputs]` -> `[D, B, outputs]`.

    One batched product computes all heads, and `pick` selects each example's head. On a CPU this costs as much as
    gathering each example's weights at width 64, and a fifth of it at width 512.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(DOMAINS, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(DOMAINS, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias[:, None], x.expand(DOMAINS, -1, -1), self.weight)


def pick(outputs: Tensor, digits: Tensor) -> Tensor:
    """The output of each example's head: `[D, B, S]`, int64 `[B]` -> `[B, S]`."""
    return outputs[digits, torch.arange(len(digits), device=digits.device)]


# Networks.


class Generator(nn.Module):
    """`(images [B, 1, 28, 28], styles [B, S]) -> images [B, 1, 28, 28]`."""

    def __init__(self, width: int, max_width: int, style_dim: int, levels: int,
                 bottleneck_blocks: int) -> None:
        super().__init__()
        widths = [min(width * 2**level, max_width) for level in range(levels + 1)]
        steps = list(itertools.pairwise(widths))
        narrow, deep = widths[0], widths[-1]
        self.stem = conv(1, narrow)
        self.down = nn.ModuleList(ResidualBlock(*step, halve, norm=True) for step in steps)
        self.bottleneck = nn.ModuleList(ResidualBlock(deep, deep, norm=True)
                                        for _ in range(bottleneck_blocks))
        self.adaptive_bottleneck = nn.ModuleList(
            AdaptiveResidualBlock(deep, deep, style_dim) for _ in range(bottleneck_blocks))
        self.up = nn.ModuleList(AdaptiveResidualBlock(outer, inner, style_dim, double)
                                for inner, outer in reversed(steps))
        self.norm = nn.InstanceNorm2d(narrow, affine=True)
        self.to_image = conv(narrow, 1, 1)

    def forward(self, images: Tensor, styles: Tensor) -> Tensor:
        x = self.stem(images)
        for block in (*self.down, *self.bottleneck):
            x = block(x)
        for block in (*self.adaptive_bottleneck, *self.up):
            x = block(x, styles)
        return self.to_image(leaky_relu(self.norm(x)))


class MappingNetwork(nn.Module):
    """`(latents [B, Z], digits int64 [B]) -> styles [B, S]`: four shared layers, then four per domain."""

    def __init__(self, latent_dim: int, width: int, style_dim: int) -> None:
        super().__init__()
        self.shared = nn.ModuleList(nn.Linear(inputs, width) for inputs in (latent_dim, *3 * [width]))
        self.own = nn.ModuleList(DomainLinear(width, outputs) for outputs in (*3 * [width], style_dim))

    def forward(self, latents: Tensor, digits: Tensor) -> Tensor:
        x = latents
        for layer in (*self.shared, *self.own[:-1]):
            x = functional.relu(layer(x))
        return pick(self.own[-1](x), digits)


class Trunk(nn.Module):
    """The architecture that style encoder and discriminator share: `[B, 1, 28, 28] -> [B, outputs]`."""

    def __init__(self, width: int, max_width: int) -> None:
        super().__init__()
        widths = [min(width * 2**level, max_width) for level in range(4)]
        self.outputs = widths[-1]
        self.stem = conv(1, width)
        self.blocks = nn.Sequential(*(ResidualBlock(inputs, outputs, halve)
                                      for inputs, outputs in itertools.pairwise(widths)))
        self.last = nn.Conv2d(self.outputs, self.outputs, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = self.blocks(self.stem(images))
        return leaky_relu(self.last(leaky_relu(x))).flatten(1)


class StyleEncoder(nn.Module):
    """`(images [B, 1, 28, 28], digits int64 [B]) -> styles [B, S]`."""

    def __init__(self, width: int, max_width: int, style_dim: int) -> None:
        super().__init__()
        self.trunk = Trunk(width, max_width)
        self.head = DomainLinear(self.trunk.outputs, style_dim)

    def forward(self, images: Tensor, digits: Tensor) -> Tensor:
        return pick(self.head(self.trunk(images)), digits)


class Discriminator(nn.Module):
    """`(images [B, 1, 28, 28], digits int64 [B]) -> logits [B]`."""

    def __init__(self, width: int, max_width: int) -> None:
        super().__init__()
        self.trunk = Trunk(width, max_width)
        self.head = DomainLinear(self.trunk.outputs, 1)

    def forward(self, images: Tensor, digits: Tensor) -> Tensor:
        return pick(self.head(self.trunk(images)), digits)[:, 0]


class StarGANv2(nn.Module):
    """The four networks, the moving averages of three, and the weights of the loss terms."""

    def __init__(self, config: ConfigDict) -> None:
        super().__init__()
        sizes = config.networks
        width, max_width, style_dim = sizes.width, sizes.max_width, sizes.style_dim
        self.generator = Generator(width, max_width, style_dim, sizes.levels, sizes.bottleneck_blocks)
        self.mapping_network = MappingNetwork(sizes.latent_dim, sizes.mapping_width, style_dim)
        self.style_encoder = StyleEncoder(width, max_width, style_dim)
        self.discriminator = Discriminator(width, max_width)
        self.apply(initialize)
        self.averaged = nn.ModuleDict({name: copy.deepcopy(getattr(self, name)) for name in AVERAGED})
        self.averaged.requires_grad_(False)
        self.weights = config.losses.to_dict()
        self.diversity_decay_steps = config.diversity_decay_steps
        self.ema_decay = config.ema_decay

    def update_only(self, updated: tuple[str, ...]) -> None:
        """Enables gradients of these networks only, so that PyTorch computes and stores nothing for the others."""
        for name in NETWORKS:
            getattr(self, name).requires_grad_(name in updated)


def initialize(layer: nn.Module) -> None:
    """Initialises as He et al. 2015 for ReLU, with biases 0."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight)
    if isinstance(layer, DomainLinear):
        nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight.shape[1]))
    if isinstance(layer, nn.Conv2d | nn.Linear | DomainLinear) and layer.bias is not None:
        nn.init.zeros_(layer.bias)


def build_optimizers(model: StarGANv2, config: ConfigDict) -> dict[str, torch.optim.Adam]:
    """One Adam per network; adds the L2 penalty to the gradient."""
    adam = config.adam
    return {name: torch.optim.Adam(getattr(model, name).parameters(), rate, (adam.beta1, adam.beta2),
                                   weight_decay=adam.l2, fused=True)
            for name, rate in config.learning_rates.items()}


# Losses and iteration.


def discriminator_latent(model: StarGANv2, batch: Batch, latents: Latents,
                         step: int) -> tuple[Tensor, Terms]:
    """Discriminator loss of real sources and of fakes in the style of a latent."""
    return _discriminator_loss(model, batch, model.mapping_network(latents[0], batch.reference_digits))


def discriminator_reference(model: StarGANv2, batch: Batch, latents: Latents,
                            step: int) -> tuple[Tensor, Terms]:
    """Discriminator loss of real sources and of fakes in the style of a reference."""
    return _discriminator_loss(model, batch, model.style_encoder(batch.references, batch.reference_digits))


def generator_latent(model: StarGANv2, batch: Batch, latents: Latents,
                     step: int) -> tuple[Tensor, Terms]:
    """The full objective in the styles of two latents."""
    styles = model.mapping_network(latents[0], batch.reference_digits)
    with torch.no_grad():
        others = model.mapping_network(latents[1], batch.reference_digits)
    return _generator_loss(model, batch, styles, others, step)


def generator_reference(model: StarGANv2, batch: Batch, latents: Latents,
                        step: int) -> tuple[Tensor, Terms]:
    """The full objective in the styles of two references."""
    styles = model.style_encoder(batch.references, batch.reference_digits)
    others = model.style_encoder(batch.second_references, batch.reference_digits)
    return _generator_loss(model, batch, styles, others, step)


def _discriminator_loss(model: StarGANv2, batch: Batch, styles: Tensor) -> tuple[Tensor, Terms]:
    """Equation 1, and R1 on the real images; both use the same logits."""
    with torch.no_grad():
        fakes = model.generator(batch.sources, styles)
    reals = batch.sources.detach().requires_grad_()
    real_logits = model.discriminator(reals, batch.source_digits)
    fake_logits = model.discriminator(fakes, batch.reference_digits)
    slope, = torch.autograd.grad(real_logits.sum(), reals, create_graph=True)
    terms = {
        "adversarial": functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean(),
        "r1": 0.5 * slope.square().sum(dim=(1, 2, 3)).mean(),
    }
    return terms["adversarial"] + model.weights["r1"] * terms["r1"], terms


def _generator_loss(model: StarGANv2, batch: Batch, styles: Tensor, others: Tensor,
                    step: int) -> tuple[Tensor, Terms]:
    """Equation 5: adversarial + style reconstruction - diversity + cycle."""
    target = batch.reference_digits
    fakes = model.generator(batch.sources, styles)
    with torch.no_grad():
        other_fakes = model.generator(batch.sources, others)
    source_styles = model.style_encoder(batch.sources, batch.source_digits)
    terms = {
        "adversarial": functional.softplus(-model.discriminator(fakes, target)).mean(),
        "style_reconstruction": functional.l1_loss(model.style_encoder(fakes, target), styles),
        "diversity": functional.l1_loss(fakes, other_fakes),
        "cycle": functional.l1_loss(model.generator(fakes, source_styles), batch.sources),
    }
    decay = max(0.0, 1.0 - step / model.diversity_decay_steps)
    weights = {"adversarial": 1.0, **model.weights, "diversity": -decay * model.weights["diversity"]}
    return sum(weights[name] * term for name, term in terms.items()), terms


Phases = tuple[tuple[Callable[..., tuple[Tensor, Terms]], tuple[str, ...]], ...]
PHASES: Phases = (  # the losses in the authors' order, and the networks that each updates
    (discriminator_latent, ("discriminator",)),
    (discriminator_reference, ("discriminator",)),
    (generator_latent, ("generator", "mapping_network", "style_encoder")),
    (generator_reference, ("generator",)),
)


def compile_generator_phases(phases: Phases) -> Phases:
    """The phases with the generator's compiled; torch.compile 2.13 does not support R1's double backward."""
    return tuple((torch.compile(loss) if "generator" in updated else loss, updated) for loss, updated in phases)


def compute_in_bfloat16(phases: Phases) -> Phases:
    """The phases in PyTorch's mixed precision; parameters and their gradients stay float32."""
    autocast = torch.autocast(torch.get_default_device().type, torch.bfloat16)
    return tuple((autocast(loss), updated) for loss, updated in phases)


def iteration(model: StarGANv2, optimizers: dict[str, torch.optim.Adam], batch: Batch, latents: Latents,
              step: int, phases: Phases = PHASES) -> Terms:
    """Runs four updates and updates the averages, all in place; returns `{phase/term: scalar}`."""
    log: Terms = {}
    for loss, updated in phases:
        model.update_only(updated)
        total, terms = loss(model, batch, latents, step)
        for name in updated:
            optimizers[name].zero_grad()
        total.backward()
        for name in updated:
            optimizers[name].step()
        log |= {f"{loss.__name__}/{name}": term.detach() for name, term in terms.items()}
    weight = (1.0 - model.ema_decay) / (1.0 - model.ema_decay**(step + 1))  # without bias from the initial values
    average_into = get_ema_multi_avg_fn(1.0 - weight)
    for name, average in model.averaged.items():
        average_into(list(average.parameters()), list(getattr(model, name).parameters()), None)
    return log
