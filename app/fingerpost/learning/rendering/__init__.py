"""Hands that nobody had to photograph: a small software renderer and what is made with it.

`fetch` and `mesh` bring the rigged hand in, `pose` bends it, `skin` colours it, `arm` gives it a forearm,
`raster` draws triangles, `hand` puts these together, `light` shades them, `backgrounds` and `compose` make a
photograph of it. Three commands stand on top: `frames` (labelled frames), `chain` with `things` and `cutouts`
(a hand that points at one of several things), and `walk` with `story`, `stories`, `table` and `shapes` (the demos).
"""
