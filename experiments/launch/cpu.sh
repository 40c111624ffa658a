#!/usr/bin/env bash
# A CPU: `small` on all of its cores.
# Change: the config and the workdir. Further flags are passed on, for example --dry_run or --config.seed=1.
set -euo pipefail
# XLA fuses loops that read the same arrays, which makes StarGAN v2's step faster and takes less memory. The
# option is an experiment of XLA's, whose compiler aborts on some other methods (MSGAN): unset it for those.
export XLA_FLAGS="${XLA_FLAGS:-} --xla_backend_extra_options=xla_cpu_use_multi_output_fusion=true"

python -m handwriting_gan.train \
  --config configs/stargan_v2.py:small \
  --workdir runs/small_cpu \
  "$@"
