"""The commands as people look for them: groups, short forms, and those that need no project."""

# By use. A command that a project lacks is not shown; one that no group names comes last.
GROUPS = {
    "Stages, in their order; `dvc repro` runs those whose inputs have changed": (
        "compose", "prepare", "sweep", "train", "evaluate", "register",
    ),
    "Data": ("fetch", "describe"),
    "Results": ("report", "ui", "compare", "inspect", "explain", "states"),
    "Champion": ("promote", "rollback", "serve", "predict"),
    "Every night": ("retrain", "drift", "schedule"),
    "Trouble": ("doctor", "recover"),
    "Projects": ("new", "upgrade", "completion"),
}  # fmt: skip
OTHER = "Others"  # scripts that a project has of its own
# Short form: the command and its first argument, and a description.
SHORT = {"rollback": (("promote", "rollback"), "Return to the previous champion")}
# Commands of the program itself, which no project has: their descriptions.
OWN = {
    "new": "Make a project in a new or empty folder, with data to try it on",
    "upgrade": "Let a project use the installed version of Conveyor, and say what changed",
    "completion": "Print what completes commands with the tab key, for bash, zsh or fish",
}


def expand(arguments: list[str]) -> list[str]:
    """Replace a short form with the command it stands for."""
    full, _ = SHORT.get(arguments[0], ((arguments[0],), ""))
    return [*full, *arguments[1:]]
