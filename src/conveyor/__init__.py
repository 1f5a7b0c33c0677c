"""Conveyor: from raw sequences to a registered, served stacked LSTM.

Importing it sets the environment variables of the libraries underneath; see `environment`.
`conveyor.open` opens a model in Python; it loads what it needs when it is called.
"""

from conveyor import environment as environment
from conveyor.notebook import open as open
