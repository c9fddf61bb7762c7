"""The one exception root of the project and its few branches.

Imports nothing. A message says what went wrong and what to do next; causes are chained with
`raise … from …`. Retryable and permanent errors are different classes, so that a retry loop
can never repeat what cannot succeed.
"""


class CncError(Exception):
    """Root of every error that cnc raises on purpose; `exit_code` follows docs/cli.md."""

    exit_code = 1


class RetryableError(CncError):
    """The same call may succeed later (a broker that is away, a lock that is held)."""


class PermanentError(CncError):
    """The same call cannot succeed unchanged."""


class UsageError(PermanentError):
    """The caller asked for something that does not exist or does not fit (exit code 2)."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A file, setting or environment variable is wrong; the message names file, line, field."""


class SimulationError(PermanentError):
    """The simulator was given an impossible state or action, such as flow without a replica."""


class MessageError(PermanentError):
    """A payload is not a valid message; never leaves the codec except to tests."""


class BusError(RetryableError):
    """The broker cannot be reached or the connection was lost."""


class PublishRefusedError(PermanentError):
    """The broker refused a publish or a subscription (reason code from the broker)."""


class StorageError(PermanentError):
    """The home folder or database cannot be read or written."""


class NotFoundError(PermanentError):
    """An identifier names nothing that is known."""


class KnowledgeError(PermanentError):
    """A knowledge entry or its index is invalid."""


class IntentError(PermanentError):
    """An intent cannot be understood or cannot be met."""


class ComponentLostError(RetryableError):
    """A component that the caller waits for went away."""
