"""What a service is started with: where it listens, who may ask, and how much of everything it takes."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from actionunits.defaults import DEFAULT_MODEL
from actionunits.errors import UsageError
from actionunits.pool import cores

TOKEN_VARIABLE = "ACTIONUNITS_TOKEN"  # noqa: S105  # the variable's name
LEAST_TOKEN = 16  # characters
_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """How much the service takes on; every limit has an answer with a 4xx status.

    Attributes:
        picture_bytes, video_bytes: of one upload.
        pixels: of one picture or frame.
        seconds: length of a video.
        job_seconds: how long the analysis of one video may take.
        picture_upload_seconds, video_upload_seconds: how long sending a whole upload may take.
        pause_seconds: how long an upload may pause, and a client may take nothing of its answer.
        head_seconds: how long a client may take to send a request's head.
        uploads: uploads being received at a time.
        pictures: picture requests that are analysed or wait for it.
        jobs: videos that are analysed or wait for it.
        kept: ended jobs; the oldest goes when there is one more.
        keep_seconds: how long the results of a job are kept.
        held_bytes: uploads on disk, all together.
        streams: live streams at a time.
        stream_bytes: one frame of a live stream.
        stream_waiting: frames of a live stream that may wait; the oldest is dropped.
        stream_pause_seconds: how long a live stream may pause.
        connections: open connections.
    """

    picture_bytes: int = 64 * _MIB
    video_bytes: int = 2048 * _MIB
    pixels: int = 50_000_000
    seconds: float = 3600
    job_seconds: float = 4 * 3600
    picture_upload_seconds: float = 60
    video_upload_seconds: float = 1800
    pause_seconds: float = 15
    head_seconds: float = 10
    uploads: int = 100
    pictures: int = 200
    jobs: int = 20
    kept: int = 100
    keep_seconds: float = 3600
    held_bytes: int = 16384 * _MIB
    streams: int = 4
    stream_bytes: int = 4 * _MIB
    stream_waiting: int = 2
    stream_pause_seconds: float = 60
    connections: int = 512


@dataclass(frozen=True)
class Settings:
    """How a service is run.

    Attributes:
        folder: where uploads and results lie while they are needed; made private (0700).
        host, port: where it listens.
        token: what a client must show; needed for any address but this machine's own.
        allowed_hosts: further names under which it may be addressed on this machine.
        model: the estimator's name, or the path of a card.
        device: ``cpu``, ``cuda`` or ``auto``.
        limits: see :class:`Limits`.
        pictures_at_once, videos_at_once: how many are analysed at a time; by default one picture a core, and one video
            for two cores, which it keeps busy alone.

    Raises:
        UsageError: an address without a token, or a token that is easily guessed.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    model: str = DEFAULT_MODEL
    device: str = "cpu"
    limits: Limits = field(default_factory=Limits)
    pictures_at_once: int = field(default_factory=cores)
    videos_at_once: int = field(default_factory=lambda: max(1, cores() // 2))

    def __post_init__(self) -> None:
        if self.token is not None and (len(self.token) < LEAST_TOKEN or not self.token.isascii()):
            raise UsageError(
                "the token",
                f"is not made of at least {LEAST_TOKEN} ASCII characters",
                f"Use a random one, such as {secrets.token_urlsafe(24)}",
            )
        if not self.on_loopback and self.token is None:
            raise UsageError(
                f"--host {self.host}",
                "is reached from other machines, and there is no token that keeps strangers out",
                f"Set {TOKEN_VARIABLE} to a random text, such as {secrets.token_urlsafe(24)}, or keep to 127.0.0.1",
            )

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def default_folder() -> Path:
    """Where the service keeps its files unless told otherwise: the user's state folder."""
    from platformdirs import user_state_path

    return user_state_path("actionunits", appauthor=False) / "serve"


def token_from(option: str | None) -> str | None:
    """The token of the command line, else of the environment; None where neither says one."""
    return option or os.environ.get(TOKEN_VARIABLE) or None
