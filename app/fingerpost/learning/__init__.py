"""Training, evaluation and export with torch; nothing on the wearable imports this package."""
