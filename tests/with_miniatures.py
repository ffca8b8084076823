"""`pytest -p tests.with_miniatures`: the engines that are wrong on purpose can be named with --engine."""

from tests.miniatures import register_all

register_all()
