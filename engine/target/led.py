"""LED: let a light of the machine blink.

    -j LED --led-trigger-id NAME [--led-delay MILLISECONDS | inf] [--led-always-blink]

The kernel that was measured is built without it, as most are: every use is refused there, and so here
("No chain/target/match by that name").

Kernel peer: xt_LED. Source: iptables-extensions(8), LED.
"""

from __future__ import annotations

from typing import Final

from engine.core.extension import Option, ParameterProblem, Spec
from engine.core.numbers import parse_number
from engine.core.values import Values
from engine.target.parts.missing import Missing

INFINITE: Final = "inf"
U32: Final = 0xFFFFFFFF
LONGEST_ID: Final = 16


def is_infinite(delay: str) -> bool:
    return delay.lower().startswith(INFINITE)


class Led(Missing):
    def __init__(self, trigger: str, delay: str, always: bool) -> None:
        super().__init__("LED")
        self.trigger = trigger
        self.delay = delay
        self.always = always

    def save(self) -> str:
        text = f'--led-trigger-id "{self.trigger}"'
        if self.delay:
            text += f" --led-delay {self.delay}"
        return text + (" --led-always-blink" if self.always else "")

    def listing(self, numeric: bool) -> str:
        delay = INFINITE if is_infinite(self.delay) else f"{parse_number(self.delay or '0', U32)}ms"
        return f'led-trigger-id:"{self.trigger}" led-delay:{delay}' + (" led-always-blink" if self.always else "")


def look(values: Values) -> None:
    delay = values.given[-1].text
    if not is_infinite(delay) and parse_number(delay, U32) is None:
        raise ParameterProblem(f"Delay value must be within range 0..{U32}")


def build(values: Values) -> Led:
    return Led(values.text("led-trigger-id"), values.text("led-delay"), values.has("led-always-blink"))


OPTIONS: Final = (
    Option("led-trigger-id", "string", mandatory=True, high=LONGEST_ID),
    Option("led-delay", "text", at_once=look),
    Option("led-always-blink"),
)

EXTENSIONS: Final = (Spec("LED", build, OPTIONS, missing=True),)
