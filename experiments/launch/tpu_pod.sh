#!/usr/bin/env bash
# A slice of a TPU pod: the same command on every host, which find each other by the pod's own environment.
# Before it, on every host (--worker=all): a clone of this repository in ~/handwriting_gan with
# .venv/bin/pip install -c constraints.txt -e '.[tpu]'
# Change: TPU and ZONE (yours), BATCH (a multiple of the slice's cores), and WORKDIR: a folder that host 0
# keeps; a disk that all hosts share is not needed, since only host 0 writes.
set -euo pipefail
TPU="${TPU:?name your TPU, as in TPU=my-slice}"
ZONE="${ZONE:?name its zone, as in ZONE=us-central2-b}"
BATCH="${BATCH:-512}"
WORKDIR="${WORKDIR:-runs/base_tpu_pod}"

gcloud compute tpus tpu-vm ssh "$TPU" --zone "$ZONE" --worker=all --command "
  cd handwriting_gan &&
  .venv/bin/python -m handwriting_gan.train --distributed \
    --config configs/stargan_v2.py:base \
    --config.data=mnist \
    --config.compute=bfloat16 \
    --config.batch_size=$BATCH \
    --workdir $WORKDIR $*"
