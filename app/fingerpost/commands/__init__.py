"""The commands of the wearable side, one module each."""
