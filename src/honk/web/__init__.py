"""The console. Comes with `honk serve`."""
