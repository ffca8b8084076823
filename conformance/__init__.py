"""Scenarios by area, the words they are written in (conformance/vocabulary.py) and the requirements that they check."""
