"""A USB stick: finding it, and what is written to it and read from it."""
