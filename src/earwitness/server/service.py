"""What all parts of the server share."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import BoundedSemaphore, Event, Thread

from earwitness.errors import StorageError
from earwitness.library.store import Library
from earwitness.server import leftovers, requests
from earwitness.server.keys import Sessions
from earwitness.server.limits import Limit
from earwitness.server.metrics import Metrics
from earwitness.server.news import Newsroom
from earwitness.server.recordings import Recordings
from earwitness.server.settings import Settings
from earwitness.server.speaker import Speaker
from earwitness.server.transcripts import Transcripts
from earwitness.server.workers import Workers
from earwitness.types import Seconds

FAILURES_PER_MINUTE = 20
"""Wrong keys from one address; then it has to wait, with a right one too."""


TIDY_S: Seconds = 24 * 3600.0
"""So often it is looked for what nobody needs any more, first when the server starts."""


class Service:
    """The library, the recordings, the workers and their news, from the server's start to its end."""

    def __init__(self, settings: Settings) -> None:
        """Opens what is needed, so that a server which could do nothing does not start.

        Raises:
            StorageError: the library or the folder for recordings cannot be used.
        """
        self.settings = settings
        with self.library() as library:
            requests.drop_unawaited(library)
        self.recordings = Recordings(settings.recordings)
        self.transcripts = Transcripts()
        self.sessions, self.failures = Sessions(), Limit(FAILURES_PER_MINUTE)
        self.metrics = Metrics()
        self.news = Newsroom()
        self.workers = Workers(settings, self.news)
        self.speaker = Speaker()
        self.listeners = BoundedSemaphore(settings.workers)
        self.began = int(time.time())
        self._stopped, self._tidier = Event(), Thread(target=self._keep_tidy, daemon=True)

    def library(self) -> Library:
        """The library, opened for one thread; use it in a `with`."""
        return Library(self.settings.library)

    def start(self) -> None:
        # While one connection is open the others, each request's own, find the library's log in place: whoever opens
        # or closes it alone makes or removes it, which takes ten times as long as to read.
        self._held_open = self.library()
        self.workers.start()
        self._tidier.start()

    def stop(self) -> None:
        self.news.close()
        self._stopped.set()
        self.workers.stop()
        self.speaker.stop()
        self._tidier.join()
        self._held_open.close()

    def tidy(self) -> None:
        """Removes what nobody needs any more, of this server and of others that are gone.

        Raises:
            StorageError: it cannot be.
        """
        with self.library() as library:
            requests.drop_unawaited(library)
            leftovers.sweep(library, self.recordings)
        self.recordings.drop_unfinished()

    def _keep_tidy(self) -> None:
        while True:
            with suppress(StorageError):  # another day, then
                self.tidy()
            if self._stopped.wait(TIDY_S):
                return
