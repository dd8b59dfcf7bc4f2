"""Cameras, buttons, sound: the real parts and the simulated ones."""
