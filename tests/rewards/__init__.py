"""Rewards for paying on time."""
