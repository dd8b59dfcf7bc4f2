"""The menu by button, and the lists that it opens."""
