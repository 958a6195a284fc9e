"""Tests of the ways in which a debt leaves the ladder."""
