"""Tests of duecourse.kernel."""
