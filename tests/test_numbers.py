"""Numbers out of text, against the C library's own reading of them."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.numbers import atoi, is_decimal, signed_strtoul, strtoul_start

LIBC = ctypes.CDLL(None)
LIBC.strtoul.restype = ctypes.c_ulong
LIBC.strtoul.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int]

TEXTS = st.text("0123456789abcfxX+- \t/z", max_size=30)


def libc_strtoul(text: str) -> tuple[int, str]:
    data = ctypes.create_string_buffer(text.encode())
    end = ctypes.c_char_p()
    value = LIBC.strtoul(ctypes.cast(data, ctypes.c_char_p), ctypes.byref(end), 0)
    return value, (end.value or b"").decode()


@given(TEXTS)
def test_strtoul_reads_as_the_c_library_does(text: str) -> None:
    assert strtoul_start(text) == libc_strtoul(text)


@pytest.mark.parametrize(
    "text",
    ["0x", "0xg", "08", "-1", "+-1", "- 1", "-0x10z", "18446744073709551616", "-18446744073709551616", "9" * 5000],
)
def test_strtoul_at_its_limits(text: str) -> None:
    assert strtoul_start(text) == libc_strtoul(text)


def test_signed_strtoul_wants_all_of_the_text() -> None:
    assert [signed_strtoul(text) for text in ("-1", " 12", "0x10", "12 ", "", " ", "x", "1x")] == [
        (1 << 64) - 1, 12, 16, None, None, None, None, None,
    ]  # fmt: skip


@given(TEXTS)
def test_atoi_reads_as_the_c_library_does(text: str) -> None:
    assert atoi(text) == LIBC.atoi(text.encode())


@pytest.mark.parametrize(("text", "is_one"), [("0", True), ("65535", True), ("", False), ("-1", False), ("²", False),
                                              ("٣", False), ("9" * 5000, False)])  # fmt: skip
def test_decimal_digits_are_what_int_reads(text: str, is_one: bool) -> None:
    assert is_decimal(text) is is_one
