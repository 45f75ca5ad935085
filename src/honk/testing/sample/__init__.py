"""A small music service with a history and an open bug: what `make demo` works on."""
