"""What a sweep shows: its outputs, plots, HTML page, progress and status."""
