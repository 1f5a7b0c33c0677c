"""Every run in MLflow: the only home of its tracking store. Nothing here decides an output."""
