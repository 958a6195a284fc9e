"""Tests of duecourse.strategy."""
