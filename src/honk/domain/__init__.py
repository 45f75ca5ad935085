"""The vocabulary and the rules: frozen data, pure functions, standard library only."""
