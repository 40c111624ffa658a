#!/usr/bin/env bash
# One machine with several GPUs: one process splits each batch over all of them.
# First run: pip install -c constraints.txt -e '.[gpu]'
# Change BATCH_PER_GPU (examples that fit one GPU), the config and the workdir.
set -euo pipefail
BATCH_PER_GPU="${BATCH_PER_GPU:-64}"
GPUS="${GPUS:-$(nvidia-smi --list-gpus | wc -l)}"

python -m handwriting_gan.train \
  --config configs/stargan_v2.py:base \
  --config.data=mnist \
  --config.compute=bfloat16 \
  --config.batch_size="$((BATCH_PER_GPU * GPUS))" \
  --workdir runs/base_gpu_node \
  "$@"
