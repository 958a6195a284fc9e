"""Tests of money in the store."""
