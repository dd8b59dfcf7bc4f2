"""What the wearer and the helper teach: labelled fingertips, recorded and uploaded things."""
