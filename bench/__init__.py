"""Measurements, each with its floor: what the engine needs to read and write the same, in the same run."""
