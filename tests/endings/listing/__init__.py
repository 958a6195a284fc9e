"""Tests of the register of dishonest debtors."""
