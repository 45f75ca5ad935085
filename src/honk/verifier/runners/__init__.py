"""Programs that run inside the clean room, by the repository's own interpreter: read as text here, never imported."""
