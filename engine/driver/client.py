"""The front end of commands in an engine node: `python -I -S client.py --socket PATH NAME ARGUMENTS...`

Sends the words (and standard input, where the command reads it) to the engine's control socket, prints what comes back
and exits with its code. It stands behind `iptables`, `conntrack` and the like, which scripts call thousands of times,
so it starts in 8 ms: it imports no file, only what the interpreter has built in; the public modules cost 10 ms more.
"""

import _socket
import sys
from _json import encode_basestring_ascii as quote
from _json import make_scanner

TYPE_CHECKING = False  # the real one is in a module that would have to be read
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO

AWAY = 4  # "resource problem" of iptables


class Scanner:
    """What the C scanner of JSON wants to know."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = str


def request(words: list[str], text: str, folder: str) -> bytes:
    argv = ",".join([quote(word) for word in words])
    return f'{{"do":"command","argv":[{argv}],"stdin":{quote(text)},"cwd":{quote(folder)}}}\n'.encode()


def wants_input(words: list[str]) -> bool:
    """Does this command read its standard input? Restore without a file, `conntrack -R -`."""
    name = words[0].rpartition("/")[2]
    if name.endswith("-restore"):
        return True
    return name == "conntrack" and words[1:3] in (["-R", "-"], ["--load-file", "-"])


def with_pipes_read(words: list[str]) -> tuple[list[str], str]:
    """A file that only this process can open (`<(...)` of a shell) becomes standard input."""
    if words[0].endswith("-restore") and len(words) > 1 and words[-1].startswith(("/dev/fd/", "/proc/self/fd/")):
        with open(words[-1], "rb") as file:
            return words[:-1], read(file)
    return words, read(sys.stdin.buffer) if wants_input(words) and sys.stdin is not None else ""


def read(file: "BinaryIO") -> str:
    return file.read().decode("utf-8", "surrogateescape")


def show(answer: "dict[str, Any]") -> None:
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        text = answer.get(name)
        if text and stream is not None:
            stream.flush()
            stream.buffer.write(text.encode("utf-8", "surrogateescape"))
            stream.buffer.flush()


def answers(sock: _socket.socket, scan: "Callable[[str, int], Any]") -> "Iterator[dict[str, Any]]":
    """One object a line until the engine closes."""
    rest: list[bytes] = []
    while True:
        try:
            part = sock.recv(1 << 20)
        except KeyboardInterrupt:
            sock.send(b'{"do":"stop"}\n')
            continue
        if not part:
            return
        rest.append(part)
        if b"\n" not in part:
            continue
        *lines, last = b"".join(rest).split(b"\n")
        rest = [last]
        for line in lines:
            yield scan(line.decode("utf-8"), 0)[0]


def current_folder() -> str:
    import posix

    try:
        return posix.getcwd()
    except OSError:
        return "/"


def main(words: list[str]) -> int:
    if len(words) < 3 or words[0] != "--socket":
        sys.stderr.write("usage: client.py --socket PATH NAME ARGUMENTS...\n")
        return 2
    path, words = words[1], words[2:]
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        sock.connect(path)
    except OSError as error:
        sys.stderr.write(f"{words[0]}: the engine of this node is away ({path}: {error.strerror}); nothing was done.\n")
        return AWAY
    words, text = with_pipes_read(words)
    try:
        sock.sendall(request(words, text, current_folder()))
        for answer in answers(sock, make_scanner(Scanner)):  # type: ignore[arg-type]
            show(answer)
            if "exit" in answer:
                return int(answer["exit"])
            if not answer.get("ok"):
                sys.stderr.write(f"{words[0]}: {answer.get('error')}\n")
                return AWAY
    except BrokenPipeError:
        return 1
    except OSError as error:
        sys.stderr.write(f"{words[0]}: {error.strerror}: ")
    sys.stderr.write(f"{words[0]}: the engine went away while it worked; look whether the command was carried out.\n")
    return AWAY


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
