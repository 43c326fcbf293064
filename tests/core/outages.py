"""Brokers of a pumped cluster go down and come back, each until the rest of the cluster has taken notice."""


def down(cluster, *numbers):
    """One after the other, each until it is fenced."""
    for number in numbers:
        cluster.crash(number)
        cluster.pass_time(10_000)


def back(cluster, *numbers):
    """Together, until they are in sync again where they can be."""
    for number in numbers:
        cluster.start(number)
    cluster.pass_time(5_000)


def stop(cluster, *numbers):
    """Cleanly, one after the other: each gives its leaderships away first."""
    for number in numbers:
        cluster.shut_down(number)
        cluster.pass_time(6_000)
        assert cluster.nodes[number].stopped
        cluster.crash(number)
        cluster.run()
