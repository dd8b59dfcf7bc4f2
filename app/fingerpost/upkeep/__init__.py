"""What the running device does besides pointing, by itself or at the wearer's errand: it keeps, renews, brings back."""
