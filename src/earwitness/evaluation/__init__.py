"""How good a transcript is, and how fast it came: metrics, datasets, synthetic podcasts, benchmarks, reports."""
