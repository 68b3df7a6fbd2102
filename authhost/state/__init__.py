"""The Redis side: it decides, fast and atomically, and may vanish whole at any moment."""
