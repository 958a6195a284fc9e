"""Tests of duecourse.day.payments."""
