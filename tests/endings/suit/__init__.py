"""Tests of suits: packs, courts and judgments."""
