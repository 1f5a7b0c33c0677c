"""Looks inside a trained network: gates and states of its recurrent layers, step by step."""
