"""The exported model on the test rows, compared with the labels and with simple baselines."""
