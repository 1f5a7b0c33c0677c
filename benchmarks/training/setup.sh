#!/usr/bin/env bash
# PyTorch, the peer, under .conveyor/peers/torch.
set -euo pipefail
cd "$(dirname "$0")/../.."
home=.conveyor/peers/torch
python3.11 -m venv "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check "${TORCH:-torch}" numpy
"$home/bin/python" -c 'import torch; print("torch", torch.__version__)'
