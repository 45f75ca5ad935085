"""The scripted model, fakes of our ports, conformance suites."""
