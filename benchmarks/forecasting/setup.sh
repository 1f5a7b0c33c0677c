#!/usr/bin/env bash
# The peer neuralforecast in an environment of its own, .conveyor/peers/neuralforecast. PyTorch's wheel
# for the processor alone takes a fifth of the space: PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS names it.
set -euo pipefail
cd "$(dirname "$0")/../.."
home=.conveyor/peers/neuralforecast
python3.11 -m venv "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check -r benchmarks/forecasting/requirements.txt
"$home/bin/python" -c 'import importlib.metadata as m; print("neuralforecast", m.version("neuralforecast"), "torch", m.version("torch"))'
