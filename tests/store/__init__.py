"""Tests of the operational database, on real servers."""
