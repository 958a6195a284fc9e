"""Tests of what is placed with agencies."""
