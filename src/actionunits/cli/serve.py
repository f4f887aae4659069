"""``actionunits serve``: the web page and the HTTP API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actionunits.cli.analysis_options import DeviceName, Model
from actionunits.defaults import DEFAULT_MODEL

_NEEDS = ("fastapi", "uvicorn", "python_multipart", "websockets", "prometheus_client")


def serve(
    host: Annotated[str, typer.Option(help="Where to listen; any address but this machine's own needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(help="What clients must show; better set ACTIONUNITS_TOKEN, which other users cannot see."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A further name it goes by; may be repeated.")
    ] = None,
    model: Model = DEFAULT_MODEL,
    device: DeviceName = "cpu",
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where files lie while they are needed; made private.")
    ] = None,
    keep_minutes: Annotated[float, typer.Option(min=0.05, help="How long the results of a job are kept.")] = 60,
    max_picture_mb: Annotated[float, typer.Option(min=0.01, help="Largest picture file.")] = 64,
    max_video_mb: Annotated[float, typer.Option(min=0.01, help="Largest video file.")] = 2048,
    max_megapixels: Annotated[float, typer.Option(min=0.01, help="Largest picture or frame.")] = 50,
    max_minutes: Annotated[float, typer.Option(min=0.01, help="Longest video.")] = 60,
    max_jobs: Annotated[int, typer.Option(min=1, help="Videos that are analysed or wait.")] = 20,
    max_pictures: Annotated[int, typer.Option(min=1, help="Pictures that are analysed or wait.")] = 200,
    max_streams: Annotated[int, typer.Option(min=0, help="Live streams at a time.")] = 4,
    patience: Annotated[float, typer.Option(min=0.1, help="Seconds for which an upload may pause.")] = 15,
) -> None:
    """Serve the web page and the HTTP API until Ctrl-C.

    Uploads are deleted when their analysis ends, results when their time is up; nothing is kept when it ends.
    """
    _require()
    from actionunits.service import Limits, Settings
    from actionunits.service.server import run
    from actionunits.service.settings import default_folder, token_from

    limits = Limits(
        picture_bytes=int(max_picture_mb * 2**20),
        video_bytes=int(max_video_mb * 2**20),
        pixels=int(max_megapixels * 1_000_000),
        seconds=max_minutes * 60,
        keep_seconds=keep_minutes * 60,
        jobs=max_jobs,
        pictures=max_pictures,
        streams=max_streams,
        pause_seconds=patience,
        head_seconds=min(10, patience),
    )
    settings = Settings(
        state or default_folder(),
        host,
        port,
        token_from(token),
        tuple(allow_host or ()),
        model,
        device,
        limits,
    )
    run(settings, say=typer.echo)


def _require() -> None:
    from importlib.util import find_spec

    from actionunits.errors import UsageError

    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing:
        raise UsageError(
            "serve", f"needs {', '.join(missing)}", "Install what is missing: pip install 'actionunits[serve]'"
        )
