"""Network address translation. The public class is `Nat`; see `engine.nat.translator`."""

from engine.nat.translator import Nat

__all__ = ["Nat"]
