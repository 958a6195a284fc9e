"""Tests of duecourse.law."""
