"""Predictions for whole files, in constant memory."""
