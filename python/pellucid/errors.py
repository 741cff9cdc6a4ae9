"""What goes wrong, as exceptions.

Whoever can mend it decides the class: `UsageError` the caller, `ModelError`
whoever made the file, `Error` itself the machine. Messages read ``OPERATION:
OBJECT: what is wrong, with the numbers; what to do``, as those of the command
line. Besides these, `TypeError` says that an argument is of a wrong type,
`MemoryError` that there is not enough, and `KeyboardInterrupt` that a run was
stopped.
"""


class Error(Exception):
    """Anything that goes wrong here; itself: I/O, a failed self-check."""


class UsageError(Error, ValueError):
    """What was asked for cannot be: a value, a shape, a range."""


class ModelError(Error):
    """A file is missing, damaged or unsupported, or its numbers overflow."""


class UnknownSiteError(UsageError, KeyError):
    """A name that is no activation of this model, with the nearest ones."""

    def __str__(self) -> str:
        # KeyError shows its message in quotes.
        return str(self.args[0]) if self.args else ""
