"""Finding things and their boxes: SSD networks, how they learn, and what they are measured by."""
