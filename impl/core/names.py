"""What nodes are called in traces, logs and messages for people.

One rule: a name says what a node is, and its number tells which.
"""

from impl.core.types import CONTROLLER, NodeId


def controller_name(node: int) -> str:
    """`controller` where there is but one, else `controller-1`, `controller-2`, ..."""
    return "controller" if node == CONTROLLER else f"controller-{node - CONTROLLER}"


def controller_nodes(count: int) -> tuple[NodeId, ...]:
    """The node ids of so many controllers: 3000 is a single one's, 3001 is the first of several."""
    return (CONTROLLER,) if count == 1 else tuple(NodeId(CONTROLLER + number) for number in range(1, count + 1))


def node_name(node: int) -> str:
    """`n1`, `n2`, ... for brokers."""
    return f"n{node}" if node < CONTROLLER else controller_name(node)
