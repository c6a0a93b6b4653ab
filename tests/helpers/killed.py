"""What nothing catches."""


class Killed(BaseException):
    """Nothing catches it, as nothing catches a signal that kills."""
