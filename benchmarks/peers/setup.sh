#!/usr/bin/env bash
# The peers' own environments under .conveyor/peers: hydra-optuna-sweeper needs an Optuna of 2021.
set -euo pipefail
cd "$(dirname "$0")/../.."
home=.conveyor/peers
tensorflow="tensorflow==$(.venv/bin/python -c 'import importlib.metadata as m; print(m.version("tensorflow"))')"
keras="keras==$(.venv/bin/python -c 'import importlib.metadata as m; print(m.version("keras"))')"
make_env() {
    python3.11 -m venv "$home/$1"
    .venv/bin/uv pip install --quiet --compile-bytecode --python "$home/$1/bin/python" "$tensorflow" "$keras" psutil "${@:2}"
}
make_env hydra hydra-core hydra-optuna-sweeper
make_env modern "keras-tuner[bayesian]" tensorboard "optuna>=5" "optuna-integration>=5"
"$home/hydra/bin/python" -c 'import importlib.metadata as m; print("hydra-optuna-sweeper", m.version("hydra-optuna-sweeper"), "optuna", m.version("optuna"), "hydra", m.version("hydra-core"))'
"$home/modern/bin/python" -c 'import importlib.metadata as m; print("keras-tuner", m.version("keras-tuner"), "optuna", m.version("optuna"))'
