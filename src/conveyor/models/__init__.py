"""Keras stacks from the configuration, their costs, and their export."""
