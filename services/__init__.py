"""The four offices; none imports another."""
