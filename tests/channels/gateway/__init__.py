"""Tests of the gateway, with a provider that behaves badly."""
