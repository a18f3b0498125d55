"""Rotation of keys and of the blind index."""
