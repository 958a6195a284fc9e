"""Tests of e-mail, against real servers over loopback."""
