"""Recorded runs again, in a new kernel: ``python -m jupyter_attest.replay PLAN``."""
