"""The ways in which a debt leaves the ladder, a folder each, and what goes before them."""
