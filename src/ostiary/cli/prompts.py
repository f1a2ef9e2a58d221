"""What is asked for at the terminal and must not be seen there, or comes by a pipe."""

import getpass
import signal
import sys


def hidden(prompt: str) -> str:
    """
    What was typed, or the first line of standard input. Empty at its end.

    Ctrl-C ends the program at once: an event loop around this would put it off until the line is typed.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return getpass.getpass(prompt).strip()
    except EOFError:
        return ""
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGINT, before)
