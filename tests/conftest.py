"""Profiles of Hypothesis for every test: `pytest --hypothesis-profile quick|ci|long`.

`ci` is what runs by default: the same examples each time, so that a red run is red again. `long` draws new ones, and
every process has what another found. Nothing is left to Hypothesis' defaults: they differ where `CI` is set.
"""

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

FOUND = DirectoryBasedExampleDatabase(Path(__file__).parents[1] / ".hypothesis" / "examples")

settings.register_profile("base", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("base"), max_examples=20, derandomize=True, database=None)
settings.register_profile("ci", settings.get_profile("base"), max_examples=100, derandomize=True, database=None)
settings.register_profile("long", settings.get_profile("base"), max_examples=5_000, derandomize=False, database=FOUND)
settings.load_profile("ci")
