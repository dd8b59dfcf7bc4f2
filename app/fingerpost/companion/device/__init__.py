"""The device as it is now: what it sees and says, how it is, and its buttons."""
