"""Tests of reports to credit bureaux."""
