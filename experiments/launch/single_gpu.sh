#!/usr/bin/env bash
# One GPU: `base` on all of MNIST.
# Before it: pip install -c constraints.txt -e '.[gpu]'
# Change: the config and the workdir. Further flags are passed on, for example --dry_run or --config.seed=1.
set -euo pipefail
export CUDA_VISIBLE_DEVICES="${CUDA_VISIBLE_DEVICES:-0}"  # which GPU, where there are several
# Convolutions as XLA's fusions: an H200's step takes 10.9 ms instead of 20.2, and computes the same
# (experiments/results/train_step_h200.md). For bfloat16: float32 does not compile so. It is an experiment of
# XLA's, and what it compiles has not been tried from the compilation cache: each start compiles, two minutes.
export XLA_FLAGS="${XLA_FLAGS:-} --xla_gpu_experimental_enable_conv_fusion=true"
export JAX_ENABLE_COMPILATION_CACHE=false

python -m handwriting_gan.train \
  --config configs/stargan_v2.py:base \
  --config.data=mnist \
  --config.compute=bfloat16 \
  --workdir runs/base_single_gpu \
  "$@"
