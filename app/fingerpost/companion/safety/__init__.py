"""Who may come in, and what may be sent: before any page or handler."""
