"""What the wearer's own camera and finger are like, found from printed pages."""
