"""Ctrl-C, a terminal that closes, a termination: the command ends at once, and cleans up."""

import os
import signal
import threading

from jaxgrad import _ending

SIGNALS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "its terminal was closed"}


def watch(command: str) -> None:
    """From now on each of these signals ends the process with 128 + its number, and one line.

    A thread waits for them. A `KeyboardInterrupt` would come only between two instructions of the
    main thread, long after a compiled fit has begun, and be lost where it comes amid a callback.
    Signals that are ignored, as under `nohup`, are ignored still.
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
