"""The door for other agents: Honk as a server of the Model Context Protocol, over standard input and output."""
