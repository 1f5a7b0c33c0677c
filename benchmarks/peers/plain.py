"""Plain Keras code for the peers: rows padded to the longest, a mask, fit().

Network, optimizer, batches, patience and metrics are those of Conveyor's default experiment. Each
finished trial appends a line `seconds since the start of the process, val_loss, state` to $TRIALS.
"""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

BEGAN = psutil.Process().create_time()
SEED = int(os.environ.get("SEED", "17"))
EPOCHS, PATIENCE, BATCH = 60, 10, 16
UNITS = ((64, 64), (96, 64), (96, 96))
DROPOUT, RATE = (0.2, 0.5), (1e-3, 5e-3)


def write_trial(val_loss: float, state: str) -> None:
    with open(os.environ["TRIALS"], "a") as file:
        file.write(f"{time.time() - BEGAN:.2f},{val_loss:.6f},{state}\n")


def data() -> tuple[Any, Any]:
    """Load (values, one-hot targets) of the training rows, and the same of the validation rows."""
    splits = []
    for split in ("train", "validation"):
        folder = Path(os.environ["PREPARED"]) / split
        values, offsets = np.load(folder / "values.npy"), np.load(folder / "offsets.npy")
        targets = np.load(folder / "targets.npy")
        splits.append((values, offsets, targets))
    longest = max(int(np.diff(offsets).max()) for _, offsets, _ in splits)
    width = 1 + max(int(targets.max()) for *_, targets in splits)
    padded = []
    for values, offsets, targets in splits:
        rows = np.zeros((len(targets), longest, values.shape[1]), np.float32)
        for i in range(len(targets)):
            row = values[offsets[i] : offsets[i + 1]]
            rows[i, : len(row)] = row
        padded.append((rows, np.eye(width, dtype=np.float32)[targets]))
    return padded[0], padded[1]


def model(units: tuple[int, ...], dropout: float, learning_rate: float, like: Any) -> Any:
    import keras

    rows, targets = like
    x = inputs = keras.Input(rows.shape[1:])
    x = keras.layers.Masking()(x)
    for depth, width in enumerate(units):
        layer = keras.layers.LSTM(width, dropout=dropout, return_sequences=depth + 1 < len(units))
        x = keras.layers.Bidirectional(layer)(x)
    outputs = keras.layers.Dense(targets.shape[1], activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
    model.compile(optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def stop_early() -> Any:
    import keras

    return keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, restore_best_weights=True)


def score(units: tuple[int, ...], dropout: float, rate: float, callbacks: Any = ()) -> float:
    """Fit one configuration, and return its lowest validation loss."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(SEED)
    train, validation = data()
    history = model(units, dropout, rate, train).fit(
        *train, validation_data=validation, epochs=EPOCHS, batch_size=BATCH, verbose=0,
        callbacks=[stop_early(), *callbacks],
    )  # fmt: skip
    return float(min(history.history["val_loss"]))
