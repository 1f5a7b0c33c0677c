"""The program `conveyor`: the commands of a project, and new projects."""
