"""Can the suite fail? Faults are planted in the engine's source, one at a time, and the suite has to notice each.

    operators.py   what a fault is: one comparison, constant, condition or statement of a file made another
    trial.py       one faulty engine through the scenarios, until one of them is not PASS
    crew.py        several trials at a time, each in a process of its own that may hang or die
    __main__.py    `nflab mutate`
"""
