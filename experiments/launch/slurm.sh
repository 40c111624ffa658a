#!/usr/bin/env bash
# Several machines under Slurm: sbatch experiments/launch/slurm.sh, from the clone, its .venv with the extra gpu.
# Change: the #SBATCH lines (nodes; one task per GPU) and BATCH (a multiple of all GPUs).
#SBATCH --job-name=handwriting_gan
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=4
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
# 120 seconds before the time is up every task is told to stop: it saves, and the requeued job goes on from there.
set -euo pipefail
BATCH="${BATCH:-512}"

srun .venv/bin/python -m handwriting_gan.train --distributed \
  --config configs/stargan_v2.py:base \
  --config.data=mnist \
  --config.compute=bfloat16 \
  --config.batch_size="$BATCH" \
  --workdir runs/base_slurm \
  "$@"
