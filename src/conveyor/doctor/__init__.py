"""Says what is wrong with a project, and which command mends it. It changes nothing."""
