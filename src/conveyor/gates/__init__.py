"""What a model must show before it becomes champion: pure functions that answer with reasons."""

from conveyor.gates.evidence import Case, Measured, Result
from conveyor.gates.verdict import GATES, Verdict, check, decide

__all__ = ["GATES", "Case", "Measured", "Result", "Verdict", "check", "decide"]
