from dataclasses import replace

import numpy as np

from actionunits.live import LinePrinter, run_live
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


def test_a_line_tells_intensities_or_without_them_probabilities(analyzer, face_files, capsys):
    (result,) = analyzer.stream(face_files[0])
    printer = LinePrinter(analyzer.aus)
    printer.show(result)
    graded = capsys.readouterr().out
    (face,) = result.faces
    silent = replace(face, intensity=np.full_like(face.intensity, np.nan))
    printer.show(replace(result, faces=(silent,)))
    bare = capsys.readouterr().out
    place = analyzer.aus.index(12)
    assert f"AU12 {face.intensity[place]:.1f}" in graded
    assert f"AU12 {face.probability[place]:.1f}" in bare
    assert "nan" not in bare
