"""What the running device does for itself: it goes over to another model, and retrains while nobody needs it."""
