"""The root of every error that is meant for a person."""


class HonkError(Exception):
    """What happened, what was kept, what to do next: the message is for the person who must act."""


class UsageError(HonkError):
    """The request cannot be carried out as it was put; nothing was begun. Exit code 2."""


class PlatformError(HonkError):
    """This machine cannot do it, and the message says how to mend that. Exit code 2."""


class OutOfSpace(PlatformError):
    """The disk is full, or nearly: what was begun stands where it was, and goes on once there is room."""
