"""The page of the wearer's helper: a server of its own, beside the device. Needs fingerpost[companion]."""
