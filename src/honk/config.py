"""Typed settings: `honk.toml` of the installation, `.honk.toml` of a repository's base branch."""
