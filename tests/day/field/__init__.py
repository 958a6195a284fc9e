"""Tests of what people carry out: letters, visits and calls."""
