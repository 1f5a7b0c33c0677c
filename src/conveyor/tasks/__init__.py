"""What a target is: one folder for each task. Every other room asks the task.

To add a task, write its folder, add its name to TASKS, and add its options to the unions of
`tasks/options.py`.
"""

from conveyor.tasks.task import TASKS, Task

__all__ = ["TASKS", "Task"]
