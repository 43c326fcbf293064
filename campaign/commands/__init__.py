"""One file per command of the front door: run it, and say what came of it as an `Outcome`.

One rule: nothing here prints or exits; the front door does. `check` calls the same functions one after the other.
"""
