"""
The real code under a virtual clock, seeded dice and simulated targets.

    python -m bench.campaign.simulation --seeds 1000

A seed is a whole life: shops send, workers plan and send, operators decide,
and whatever can go wrong does, a fault at a time. Then the faults stop, time
runs until all is quiet, and the judge compares what the targets have with
what the shops said. The same seed gives the same trace, byte for byte.
"""
