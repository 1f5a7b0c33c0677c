"""Conveyor: from raw sequences to a registered, served stacked LSTM.

Importing it sets the environment variables of the libraries underneath; see `environment`.
"""

from conveyor import environment as environment
