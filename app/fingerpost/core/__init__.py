"""What every other part agrees on: types, ports, the decision, the loop."""
