"""Keras networks from the configuration: build, count the costs, export to ONNX."""
