"""The counter for people: REST under /api/v1. It talks gRPC to the offices and has no rules of its own."""
