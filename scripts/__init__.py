"""What the checkout does to itself: documents generated from the code."""
