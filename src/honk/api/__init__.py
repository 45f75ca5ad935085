"""The HTTP door. Comes with `honk serve`."""
