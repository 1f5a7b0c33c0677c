"""The page of a run: what was asked, what ran, what came of it. Loads no TensorFlow."""
