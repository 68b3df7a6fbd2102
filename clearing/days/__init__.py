"""The business days: which there are, when they end, who closes and who clears them."""
