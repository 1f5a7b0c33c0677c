"""The exported model's answers on the test rows, held against the truth and simple baselines."""
