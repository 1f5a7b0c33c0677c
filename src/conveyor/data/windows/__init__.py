"""Long series, and the windows of them that are forecast."""
