"""Tests of the audit chain, on a real server."""
