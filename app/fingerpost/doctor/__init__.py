"""Is this machine ready? Each check looks at one thing and says what is wrong with it and what to do."""
