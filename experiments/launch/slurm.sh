#!/usr/bin/env bash
# Several machines under Slurm. Run in the clone, with the extra `gpu` in .venv: sbatch experiments/launch/slurm.sh
# Change the #SBATCH lines (nodes; one task per GPU) and BATCH (a multiple of the number of GPUs).
#SBATCH --job-name=handwriting_gan
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=4
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
# 120 seconds before the time limit every task receives SIGTERM and saves; the requeued job resumes from there.
set -euo pipefail
BATCH="${BATCH:-512}"

srun .venv/bin/python -m handwriting_gan.train --distributed \
  --config configs/stargan_v2.py:base \
  --config.data=mnist \
  --config.compute=bfloat16 \
  --config.batch_size="$BATCH" \
  --workdir runs/base_slurm \
  "$@"
