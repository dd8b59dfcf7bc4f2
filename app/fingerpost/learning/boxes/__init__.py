"""Pictures with boxes around things: read, written, brought in, checked."""
