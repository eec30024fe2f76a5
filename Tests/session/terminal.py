# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Seed Sentinel authors
"""A pseudo-terminal with a program at it, and the screen that a person would see; all of it is recorded."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte

DEADLINE = 60.0


class Screen(pyte.Screen):
    """pyte's screen, which has no alternate one of its own."""

    ALTERNATE = 1049

    def __init__(self, columns, rows):
        super().__init__(columns, rows)
        self.primary = None

    @property
    def is_alternate(self):
        return self.primary is not None

    def set_mode(self, *modes, **more):
        super().set_mode(*modes, **more)
        if more.get("private") and self.ALTERNATE in modes and not self.is_alternate:
            lines = {row: dict(line) for row, line in self.buffer.items()}
            self.primary = (lines, self.cursor.x, self.cursor.y)

    def reset_mode(self, *modes, **more):
        super().reset_mode(*modes, **more)
        if more.get("private") and self.ALTERNATE in modes and self.is_alternate:
            (lines, x, y), self.primary = self.primary, None
            self.erase_in_display(2)
            for row, line in lines.items():
                self.buffer[row].update(line)
            self.cursor_position(y + 1, x + 1)


class Recording:
    """An asciicast of version 2 (https://docs.asciinema.org/manual/asciicast/v2/), and screens as text."""

    def __init__(self, folder, columns, rows):
        self.start = time.monotonic()
        self.cast = open(f"{folder}/session.cast", "w", encoding="utf-8")
        self.screens = open(f"{folder}/screens.txt", "w", encoding="utf-8")
        header = {"version": 2, "width": columns, "height": rows, "title": "Under attack: sentinelctl top"}
        print(json.dumps(header), file=self.cast)

    def event(self, kind, data):
        moment = round(time.monotonic() - self.start, 6)
        print(json.dumps([moment, kind, data], ensure_ascii=False), file=self.cast, flush=True)

    def screen(self, title, lines):
        width = max(map(len, lines), default=0)
        print(f"== {title}", *(f"|{line.ljust(width)}|" for line in lines), sep="\n", end="\n\n",
              file=self.screens, flush=True)


class Terminal:
    """A program at a terminal of so many columns and rows."""

    def __init__(self, command, environment, columns=80, rows=24, recording=None):
        self.recording = recording
        self.screen = Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.status = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            # The tests' own handlers and masks are none of the program's business.
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execvpe(command[0], [str(word) for word in command], environment)
        self.modes = termios.tcgetattr(self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def pump(self, seconds):
        """Takes what the program writes within so long; False where it has ended."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            return False
        self.raw += data
        self.stream.feed(data)
        if self.recording:
            self.recording.event("o", data.decode(errors="replace"))
        return True

    def until(self, shown):
        """Waits until something is shown; says whether it came."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if shown(self):
                return True
            if not self.pump(0.1):
                return bool(shown(self))
        return False

    def resize(self, columns, rows):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if self.recording:
            self.recording.event("r", f"{columns}x{rows}")

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self):
        return "\n".join(self.lines)

    def row(self, begins):
        """The row of a table that begins with a word, whatever marks it."""
        return next((line for line in self.lines if line.lstrip("▸> ").startswith(begins)), None)

    def snapshot(self, title):
        if self.recording:
            self.recording.screen(f"{title} ({self.screen.columns}x{self.screen.lines})", self.lines)

    def end(self):
        """Waits until the program has ended; its exit status, negative for a signal."""
        deadline = time.monotonic() + DEADLINE
        while self.status is None and time.monotonic() < deadline:
            self.pump(0.05)
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                while select.select([self.master], [], [], 0)[0] and self.pump(0):
                    pass
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def damage(self):
        """What isn't as it was before the program began."""
        wrong = []
        modes = termios.tcgetattr(self.master)
        for name, index in (("input", 0), ("output", 1), ("control", 2), ("local", 3), ("characters", 6)):
            if modes[index] != self.modes[index]:
                wrong.append(f"{name} modes: {modes[index]}, before {self.modes[index]}")
        if self.screen.is_alternate:
            wrong.append("the alternate screen is still shown")
        if self.screen.cursor.hidden:
            wrong.append("the cursor is hidden")
        if pyte.modes.DECAWM not in self.screen.mode:
            wrong.append("lines aren't wrapped")
        if self.raw.count(b"\x1b[?2004h") > self.raw.count(b"\x1b[?2004l"):
            wrong.append("pastes are still bracketed")
        return "\n".join(wrong)

    def close(self):
        """Ends the program, if it hasn't."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
