"""The Model Context Protocol door. Comes with `honk serve`."""
