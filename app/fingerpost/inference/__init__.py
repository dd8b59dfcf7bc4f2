"""Neural-network runtimes behind one port."""
