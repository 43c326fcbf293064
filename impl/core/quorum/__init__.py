"""The controllers' quorum: Raft as Kafka has it (KRaft: KIP-595, KIP-996), events in and effects out.

One rule: a step of the quorum writes down what it promises before it promises it; the order of the effects says so.

    messages.py   what voters say to each other
    log.py        the metadata log in memory: batches, epochs, where two logs leave each other
    replica.py    what every voter keeps, and the roles it passes through
    elections.py  who may be voted for, and who has won
    leading.py    what a leader counts, commits and answers
    following.py  what a follower asks and takes over
    raft.py       the whole of it: one step function
    controller.py the active controller on top: decisions are told when they are committed
"""
