"""From pixels to a fingertip and a name."""
