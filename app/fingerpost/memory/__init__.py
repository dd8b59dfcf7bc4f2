"""What the wearer has taught."""
