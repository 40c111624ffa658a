#!/usr/bin/env bash
# A slice of a TPU pod: runs the same command on every host; the hosts find each other through the pod's environment.
# First, on every host (--worker=all), clone this repository into ~/handwriting_gan and run
# .venv/bin/pip install -c constraints.txt -e '.[tpu]'
# Change TPU, ZONE, BATCH (a multiple of the slice's cores) and WORKDIR. Only host 0 writes the workdir, so the hosts
# need no shared disk.
set -euo pipefail
TPU="${TPU:?set TPU to the name of your TPU, for example TPU=my-slice}"
ZONE="${ZONE:?set ZONE to its zone, for example ZONE=us-central2-b}"
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
