"""Tests of duecourse.night."""
