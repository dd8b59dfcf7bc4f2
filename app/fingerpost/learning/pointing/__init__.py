"""Pointing: how the fingertip network learns, from real, rendered and hand-free frames."""
