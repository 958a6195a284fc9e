"""How the tables of one version become those of the next; a test holds them to the models."""
