"""Tests of duecourse.book."""
