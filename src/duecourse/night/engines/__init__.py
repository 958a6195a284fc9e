"""Engines: each opens the loaded tables, runs the same steps and writes their outputs.

Nothing else knows which it is.
"""
