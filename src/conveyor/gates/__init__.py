"""What a model must show before it becomes champion: pure functions that answer with reasons."""

from conveyor.gates.decide import GATES, Case, Result, Verdict, check, decide

__all__ = ["GATES", "Case", "Result", "Verdict", "check", "decide"]
