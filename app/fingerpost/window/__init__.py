"""What another process of the same user sees and asks of the running device, through a Unix socket."""
