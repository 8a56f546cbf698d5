"""A helping process of a batch 批量核查: it checks portions that it is asked for by number.

Numbers go to it through a pipe, and for each portion the lengths of its answers come back. The answers themselves are
left in files: megabytes of them would squeeze through a pipe only when the process that asked has time to read it.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

from gis.check.canonical import Answer
from gis.check.portion import Lengths, Portion, check_into, load

#: portions a helper is asked for ahead
AHEAD = 4
_Context = ForkContext | ForkServerContext


@dataclass(slots=True)
class Promise:
    """A portion that a helper was asked for; ``lengths`` is None until its answers are there.

    Attributes:
        free: files the helper may be told to write to; that of the promise is one of them again once it was read.
    """

    number: int
    path: Path
    free: list[Path]
    lengths: Lengths | None = None

    def answers(self) -> list[Answer]:
        """What the helper left, once."""
        with self.path.open("rb") as file:
            answers = [Answer(outcome, file.read(length)) for outcome, length in self.lengths or ()]
        self.free.append(self.path)
        return answers


class Helper:
    """A helper, as the process that asks sees it. One that dies leaves its promises open."""

    def __init__(self, context: _Context, portions: Sequence[Portion], folder: Path, name: str) -> None:
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_help, args=(self._pipe, theirs, portions), daemon=True)
        self._process.start()
        theirs.close()
        self._asked: deque[Promise] = deque()
        self._free = [folder / f"{name}-{n}" for n in range(AHEAD)]

    def may_be_asked(self) -> bool:
        """Take in what has come, and tell whether one portion more may be asked for.

        Raises:
            Exception: what a portion failed with.
        """
        try:
            while self._asked and self._pipe.poll():
                came = self._pipe.recv()
                if isinstance(came, Exception):
                    raise came
                self._asked.popleft().lengths = came
        except (EOFError, ConnectionError):
            return False
        return bool(self._free)

    def ask(self, number: int) -> Promise:
        """Ask for one portion more."""
        promise = Promise(number, self._free.pop(), self._free)
        self._asked.append(promise)
        with suppress(ConnectionError):
            self._pipe.send((number, promise.path))
        return promise

    def stop(self) -> None:
        """End the process, whatever it is at."""
        self._process.terminate()
        self._process.join()
        self._pipe.close()


@contextmanager
def helpers(count: int, portions: Sequence[Portion]) -> Iterator[list[Helper]]:
    """Helpers on this machine, and what they left in files, until the end of the block."""
    started: list[Helper] = []
    with TemporaryDirectory(prefix="project-box-batch-") as folder:
        try:
            context = _context()
            for n in range(count):
                started.append(Helper(context, portions, Path(folder), str(n)))
            yield started
        finally:
            for helper in started:
                helper.stop()


def _context() -> _Context:
    """How helpers are started: forked, with all that is needed loaded, where no other thread of this process could be
    caught holding a lock; else from a process of their own that loads it first."""
    if sys.platform == "linux" and threading.active_count() == 1:
        load()
        return multiprocessing.get_context("fork")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gis.check.batch_worker"])
    return context


def _help(asking: Connection, pipe: Connection, portions: Sequence[Portion]) -> None:
    """Check what is asked for, until whoever asks ends this process or is gone."""
    asking.close()  # else this process would keep the pipe open for itself
    load()
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            number, path = pipe.recv()
            try:
                pipe.send(check_into(portions[number], path))
            except Exception as error:  # whatever it is, it is raised where the portion was asked for
                pipe.send(error)
