"""Profiles of Hypothesis for every test: `pytest --hypothesis-profile quick|ci|long`.

`ci` is what runs by default: the same examples each time, so that a red run is red again. `long` draws new ones.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("base", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("base"), max_examples=20, derandomize=True)
settings.register_profile("ci", settings.get_profile("base"), max_examples=100, derandomize=True)
settings.register_profile("long", settings.get_profile("base"), max_examples=5_000)
settings.load_profile("ci")
