"""Programs of the Agent Client Protocol for tests: shown in the sandbox as they are."""
