#!/usr/bin/env bash
# One GPU: `base` on all of MNIST.
# Before it: pip install -c constraints.txt -e '.[gpu]'
# Change: the config and the workdir. Further flags are passed on, for example --dry_run or --config.seed=1.
# Faster still, but only timed (an H100's step took 10.9 ms instead of 19.8): before it
# export XLA_FLAGS=--xla_gpu_experimental_enable_conv_fusion=true
set -euo pipefail
export CUDA_VISIBLE_DEVICES="${CUDA_VISIBLE_DEVICES:-0}"  # which GPU, where there are several

python -m handwriting_gan.train \
  --config configs/stargan_v2.py:base \
  --config.data=mnist \
  --config.compute=bfloat16 \
  --workdir runs/base_single_gpu \
  "$@"
