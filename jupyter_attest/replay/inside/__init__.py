"""Runs in the Python of the replayed kernel, from 3.8 on: the content of two files compared."""
