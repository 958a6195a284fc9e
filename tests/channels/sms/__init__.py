"""Tests of short messages, with a message centre that behaves badly."""
