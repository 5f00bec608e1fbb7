"""Boards over serial, or SIM boards in their place."""
