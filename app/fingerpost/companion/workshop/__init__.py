"""Training, measuring and compressing, in processes of their own; what of it goes live, and the way back."""
