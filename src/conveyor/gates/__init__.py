"""The gates a model must pass before it becomes champion: pure functions that answer in sentences.

To add a gate: write its function, add it to the `GATES` of its module, declare its limit in
`conveyor.config` and set the limit in conf/gates. A project's own stands in its extensions.py.
"""

from conveyor.gates.evidence import Evidence, GateResult, Measurements
from conveyor.gates.verdict import GATES, Verdict, check_gates, decide

__all__ = ["GATES", "Evidence", "GateResult", "Measurements", "Verdict", "check_gates", "decide"]
