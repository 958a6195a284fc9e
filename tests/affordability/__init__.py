"""Whether something can be repaid: examples worked out by hand, and properties of the engine."""
