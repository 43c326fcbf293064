"""What nodes answer, judged from outside: that they do, once, in time, and with the error that their state calls for.

One rule: requests and answers are taken as they came and went; what a node says of itself elsewhere is believed only
where facts told it (`invariants.step`).
"""
