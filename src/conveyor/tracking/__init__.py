"""Every run, model and decision in MLflow. The home of MLflow; nothing here decides an output."""
