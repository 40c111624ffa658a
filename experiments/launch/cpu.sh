#!/usr/bin/env bash
# One CPU: trains StarGAN v2 `small` on all cores.
# Change the config and the workdir. The script passes its arguments to train, for example --dry_run or --config.seed=1.
set -euo pipefail
# With this experimental option XLA fuses loops that read the same arrays: StarGAN v2's step is faster and needs less
# memory. XLA's compiler aborts with it on some other methods (MSGAN); remove the line for those.
export XLA_FLAGS="${XLA_FLAGS:-} --xla_backend_extra_options=xla_cpu_use_multi_output_fusion=true"

python -m handwriting_gan.train \
  --config configs/stargan_v2.py:small \
  --workdir runs/small_cpu \
  "$@"
