"""Read models: scorecard, cost, the outcome dataset, evals. Comes with the console."""
