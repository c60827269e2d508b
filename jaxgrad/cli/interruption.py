"""Ctrl-C, termination and a closed terminal: the command cleans up and ends at once."""

import os
import signal
import threading

from jaxgrad import _ending

SIGNALS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "its terminal was closed"}


def watch(command: str) -> None:
    """From now on each of these signals prints a line and ends the process with 128 + its number.

    A thread waits for them. A `KeyboardInterrupt` comes only between two instructions of the main
    thread: it would wait until a compiled fit has ended, and in a callback it would be lost.
    A signal that is ignored, as under `nohup`, stays ignored.
    """
    numbers = {getattr(signal, name): words for name, words in SIGNALS.items() if _heard(name)}
    if not numbers or threading.current_thread() is not threading.main_thread():
        return
    waiting, told = os.pipe()
    os.set_blocking(told, False)
    threading.Thread(target=_wait, args=(command, waiting, numbers), daemon=True).start()
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda *_: None)


def _heard(name: str) -> bool:
    number = getattr(signal, name, None)
    return number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None)


def _wait(command: str, waiting: int, numbers: dict[int, str]) -> None:
    while True:
        number = os.read(waiting, 1)[0]
        if number in numbers:
            _tell(f"jaxgrad {command}: {numbers[number]}\n")
            _ending.end(128 + number)


def _tell(line: str) -> None:
    """Writes past Python's streams, whose locks another thread may hold."""
    try:
        clear = "\r\x1b[2K\x1b[?25h" if os.isatty(2) else ""  # a bar's line, its hidden cursor
        os.write(2, (clear + line).encode())
    except OSError:  # nobody listens
        return
