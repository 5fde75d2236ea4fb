"""Recordings made for the sake of their truth: podcasts from scripts, and conversations from recordings."""
