"""What is decided: rooms for decide.py, each pure."""
