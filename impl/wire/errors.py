"""What can be wrong with bytes from a peer, and what the server should do about it.

One rule: whatever arrives, reading it ends in a message or in a `WireError`, and a `WireError` says what to do: send
its `answer` and go on, or, where there is none, close the connection.
"""


class WireError(Exception):
    """A peer's fault: nothing has changed on our side."""

    answer: bytes | None = None
    """The whole frame to send back, after which the peer may go on; None: close the connection, as Kafka does."""


class Malformed(WireError):
    """Bytes that are no message: which message, which field, what is wrong with it."""

    def __init__(self, message: str, field: str, problem: str) -> None:
        super().__init__(f"malformed {message}: field {field}: {problem}")
        self.message = message
        self.field = field
        self.problem = problem


class FrameTooLarge(WireError):
    """The length prefix announces more than socket.request.max.bytes, or less than nothing."""

    def __init__(self, size: int, size_max: int) -> None:
        super().__init__(
            f"frame of {size} bytes: allowed are 0 to {size_max} (socket.request.max.bytes); does the peer speak Kafka?"
        )
        self.size = size
        self.size_max = size_max


class UnknownApi(WireError):
    """An API key this listener does not serve. There is no answer Kafka has for it."""

    def __init__(self, api_key: int, api_version: int) -> None:
        super().__init__(
            f"API key {api_key} (version {api_version}) is not served here: see ApiVersions for those that are"
        )
        self.api_key = api_key
        self.api_version = api_version


class UnsupportedVersion(WireError):
    """A version of a known API that this listener does not speak. Only ApiVersions has an answer (KIP-511)."""

    def __init__(self, api: str, api_version: int, first: int, last: int, answer: bytes | None = None) -> None:
        super().__init__(f"{api} version {api_version} is not spoken here: versions {first} to {last} are")
        self.api = api
        self.api_version = api_version
        self.answer = answer
