"""Live failures: running processes are hit at random while clients write and read, and everything recorded is judged.

schedule   what is done when, drawn from a seed
proxy      the network between all of them, on the loopback interface, which can be cut, held and slowed
disks      file systems of a bounded size, one for a broker, which can be filled
damage     what is done to a directory while its broker is down
strikes    the schedule carried out
planted    a process of the cluster with a bug in it
run        the whole: cluster, clients, strikes, healing, reading back
evidence   what the judges say of it
"""
