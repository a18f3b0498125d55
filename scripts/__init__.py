"""What developers and operators run from the checkout: generated documents, and a house in a cluster."""
