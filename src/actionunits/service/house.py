"""One running service: its folder, networks, queues and figures, made at the start and ended in order."""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.requests import HTTPConnection

from actionunits.account import Watch
from actionunits.outputs import Written
from actionunits.service.analysis import Pictures, analyse_video
from actionunits.service.analyzers import Analyzers
from actionunits.service.counters import Counters
from actionunits.service.folder import PrivateFolder
from actionunits.service.guard import Sessions
from actionunits.service.job import Job
from actionunits.service.jobs import JobBoard
from actionunits.service.settings import Settings
from actionunits.service.stream import Streams
from actionunits.service.uploads import Allowance, Receiver


class House:
    """What the routes of one service work with.

    Args:
        settings: how it is run.

    Attributes:
        analyzers, receiver, board, pictures, streams: there once it is open.
    """

    analyzers: Analyzers
    receiver: Receiver
    board: JobBoard
    pictures: Pictures
    streams: Streams

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_open = False
        self.counters = Counters()
        self.sessions = Sessions()
        self.folder = PrivateFolder(settings.folder)
        limits = settings.limits
        self.picture_allowance = Allowance(limits.picture_bytes, limits.picture_upload_seconds, limits.pause_seconds)
        self.video_allowance = Allowance(limits.video_bytes, limits.video_upload_seconds, limits.pause_seconds)
        self._show()

    def open(self) -> None:
        """Load the networks, make the folder, clear away what dead runs left; once.

        Raises:
            ActionUnitsError: the model is not there, or the folder cannot be made.
        """
        if self._is_open:
            return
        settings, limits = self.settings, self.settings.limits
        self.analyzers = Analyzers(settings)
        self.analyzers.warm(settings.pictures_at_once)
        self.folder.__enter__()
        self.receiver = Receiver(self.folder, limits)

        def work(job: Job, watch: Watch) -> Written:
            return analyse_video(self.analyzers, job, watch)

        self.board = JobBoard(
            self.folder,
            self.receiver,
            limits,
            work,
            at_once=settings.videos_at_once,
            counted=lambda frames: self.counters.frames("video", frames),
        )
        self.pictures = Pictures(self.analyzers, self.board, limits, settings.pictures_at_once)
        self.streams = Streams(self.analyzers, limits)
        self._is_open = True

    def _show(self) -> None:
        self.counters.gauge("pictures_open", "Pictures analysed or waiting.", lambda: self.pictures.open)
        self.counters.gauge("streams_open", "Live streams.", lambda: self.streams.open)
        self.counters.gauge("stream_frames", "Frames of ended streams.", lambda: self.streams.frames)
        self.counters.gauge("stream_frames_dropped", "Frames dropped in ended streams.", lambda: self.streams.dropped)
        self.counters.gauge("upload_bytes", "Bytes received.", lambda: self.receiver.received)
        self.counters.gauge("upload_bytes_held", "Bytes of uploads on disk.", lambda: self.receiver.held)

    async def close(self) -> None:
        """End streams and jobs, and delete every file."""
        self._is_open = False
        self.streams.close()
        await asyncio.to_thread(self.board.close)
        await asyncio.to_thread(self.pictures.workers.shutdown, cancel_futures=True)
        await asyncio.to_thread(self.folder.__exit__)


def house_of(connection: HTTPConnection) -> House:
    """The service that a request came to."""
    return cast(House, connection.app.state.house)
