"""Compiled operators for the processor, and the Keras layers that call them."""
