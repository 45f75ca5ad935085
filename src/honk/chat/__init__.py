"""Threads and cards. Comes with `honk serve`; Slack follows."""
