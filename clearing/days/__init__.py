"""The business days: which there are, when they end, who closes them, and who clears them at night."""
