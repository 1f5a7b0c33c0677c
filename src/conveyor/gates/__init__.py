"""What a model must show before it becomes champion: pure functions that answer with reasons."""

from conveyor.gates.evidence import Evidence, GateResult, Measurements
from conveyor.gates.verdict import GATES, Verdict, check, decide

__all__ = ["GATES", "Evidence", "GateResult", "Measurements", "Verdict", "check", "decide"]
