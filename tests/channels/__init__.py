"""Tests of the channels, a folder for each."""
