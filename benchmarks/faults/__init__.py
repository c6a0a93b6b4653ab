"""A campaign of faults: a training is killed, its disk fails, its files are damaged, at random.

``cd benchmarks && python -m faults`` runs it from a seed and says how often what happened;
``--short`` is what the tests run.
"""
