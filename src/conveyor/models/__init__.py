"""Keras networks from the configuration: build, describe, export to ONNX."""
