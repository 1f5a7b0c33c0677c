"""What a model must show before it becomes champion: pure functions that answer with reasons."""

from conveyor.gates.case import Case, Measured, Result
from conveyor.gates.decide import GATES, Verdict, check, decide

__all__ = ["GATES", "Case", "Measured", "Result", "Verdict", "check", "decide"]
