"""Measurements of a whole house: real processes, real engines, mutual TLS, nothing switched off."""
