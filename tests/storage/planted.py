"""The search for a planted bug of storage: the same examples each time, and no shrinking of what is found."""

from hypothesis import HealthCheck, Phase, settings


def search(steps: int) -> settings:
    """For a machine of so many steps an example."""
    return settings(
        max_examples=500,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
