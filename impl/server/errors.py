"""What keeps a server from starting or running, said in one line.

One rule: the sentence names the thing, its value and the remedy; whoever catches it prints it and exits with status 2.
"""


class ServerError(Exception):
    """A user's or the machine's fault, never a bug of ours."""


class PortInUse(ServerError):
    """Another process listens where this one should."""


class DirectoryInUse(ServerError):
    """Another process holds the data directory's lock."""


class DirectoryUnusable(ServerError):
    """The data directory cannot be read, or belongs to another cluster or node."""


class ConfigurationError(ServerError):
    """An unknown configuration name, or a value out of its range."""


class ChildFailed(ServerError):
    """A process of the cluster did not start, or died."""
