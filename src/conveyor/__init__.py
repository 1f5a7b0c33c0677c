"""Conveyor: from raw sequences to a registered, served stacked LSTM.

Importing it keeps the libraries underneath quiet and off the network; a value that is already
set in the environment wins.
"""

import os

for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # 0 shows why TensorFlow sees no GPU
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "GIT_PYTHON_REFRESH": "quiet",
}.items():
    os.environ.setdefault(_name, _value)
