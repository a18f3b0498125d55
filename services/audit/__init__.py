"""The audit office: one log over all journals, its proofs, and who looked."""
