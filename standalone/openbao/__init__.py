"""A real OpenBao of the house's own, from a wheel; its configuration and the policies of the offices' tokens."""
