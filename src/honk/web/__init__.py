"""The console: pages for people, rendered here, with nothing fetched from elsewhere. It is also the built-in chat."""
