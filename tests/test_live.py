from actionunits.live import run_live
from actionunits.media import Camera
from actionunits.results import Results, read_sidecar
from actionunits.samples import SAMPLE_CLIP


class Stopped:
    """A viewer who presses Ctrl-C, or closes the window, at the fifth frame."""

    def __init__(self, interrupt):
        self.interrupt, self.seen, self.closed = interrupt, 0, False

    def show(self, result):
        self.seen += 1
        if self.seen == 5 and self.interrupt:
            raise KeyboardInterrupt
        return self.seen < 5

    def close(self):
        self.closed = True


def test_what_was_recorded_is_kept_however_it_ends(analyzer, tmp_path):
    for interrupt in (False, True):
        folder = tmp_path / str(interrupt)
        view = Stopped(interrupt)
        frames, rate = run_live(analyzer, Camera(str(SAMPLE_CLIP)), view, folder)
        assert (frames, view.closed) == (5, True)
        assert rate > 0
        assert len(Results.read(folder / "webcam.csv")) == 5
        sidecar = read_sidecar(folder / "webcam.json")
        assert (sidecar.frame_count, sidecar.input_sha256) == (5, None)
