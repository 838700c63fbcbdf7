"""Where live frames come from: sources that play, fail, and are called again."""

from __future__ import annotations

import socket
import threading
from itertools import islice

import av
import numpy as np
import pytest

from films import drifting, film
from poseflow.errors import InputError
from poseflow.live import Counts, grab
from poseflow.live.grabbing import fetch
from poseflow.live.sources import Address, Camera, Recording, Shot, _decoded, open_source
from poseflow.video import open_video, write_video

BLANK = np.zeros((4, 6, 3), np.uint8)


class Scripted:
    """A source that does in each of its lives what a script says, and then ends for good."""

    name, recovers = "scripted", True

    def __init__(self, *lives: list) -> None:
        self._lives = list(lives)

    def shots(self):
        for step in self._lives.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


LOST = InputError("scripted: lost")


def fetched(source, **options):
    """What was put, when, and the pauses between lives, on a clock that waiting moves on."""
    now, put, pauses = [100.0], [], []

    def wait(seconds):
        now[0] += max(seconds, 0.0)
        return False

    fetch(source, lambda frame: put.append((frame.index, frame.when)), wait,
          failed=lambda sentence, pause: pauses.append(pause),
          clock=lambda: now[0], **options)  # fmt: skip
    return put, pauses


def test_frames_are_given_when_they_are_due():
    put, _ = fetched(Scripted([Shot(BLANK, 2.0), Shot(BLANK, 2.5), Shot(BLANK, 4.0)]))
    assert put == [(0, 100.0), (1, 100.5), (2, 102.0)]


def test_pauses_grow_to_a_limit_and_begin_anew_after_a_frame():
    shot = Shot(BLANK)
    source = Scripted([shot, LOST], *[[LOST]] * 7, [shot, shot, LOST], [shot])
    put, pauses = fetched(source)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30, 1]
    assert [index for index, _ in put] == [0, 1, 2, 3]
    assert put[1][1] == 100.0 + sum(pauses[:-1])


def test_a_source_that_never_gave_a_frame_is_an_error_at_once():
    with pytest.raises(InputError, match="scripted: lost"):
        fetched(Scripted([LOST], [Shot(BLANK)]))


def test_a_damaged_file_is_not_begun_again(tmp_path):
    write_video(tmp_path / "clip.mp4", ((BLANK, t / 25) for t in range(3)), fps=25)
    source = Recording(open_video(tmp_path / "clip.mp4"))
    (tmp_path / "clip.mp4").unlink()
    write_video(tmp_path / "clip.mp4", ((BLANK, t / 25) for t in range(2)), fps=25)
    put = []
    with pytest.raises(InputError, match="frame 2: expected 3 frames"):
        fetch(source, put.append, lambda seconds: False)
    assert len(put) == 2


def test_a_source_that_is_not_there_yet_is_waited_for_as_long_as_asked():
    put, pauses = fetched(Scripted([LOST], [LOST], [Shot(BLANK)]), tries=2)
    assert (len(put), pauses) == (1, [1, 2])
    with pytest.raises(InputError, match="scripted: lost"):
        fetched(Scripted([LOST], [LOST], [Shot(BLANK)]), tries=1)


@pytest.mark.parametrize("tries", [0, 1, 3])
def test_a_source_is_given_up_after_so_many_tries(tries):
    pauses = []
    source = Scripted([Shot(BLANK), LOST], *[[LOST]] * 9)
    with pytest.raises(InputError, match="scripted: lost"):
        fetch(source, lambda frame: None, lambda seconds: False, tries=tries,
              failed=lambda sentence, pause: pauses.append(pause))  # fmt: skip
    assert len(pauses) == tries


def test_fetching_stops_when_told_in_the_midst_of_a_pause():
    put = []
    source = Scripted([Shot(BLANK), LOST], [Shot(BLANK)])
    fetch(source, put.append, lambda seconds: seconds > 0)
    assert len(put) == 1


def test_grabbing_hands_on_reconnects_and_failures(monkeypatch):
    monkeypatch.setattr("poseflow.live.grabbing.FIRST_PAUSE", 0.001)
    counts, told = Counts(), []
    source = Scripted([Shot(BLANK), LOST], [Shot(BLANK), LOST], [LOST], [LOST])
    with (
        pytest.raises(InputError, match="scripted: lost"),
        grab(source, counts, threading.Event(), tries=2,
                 failed=lambda sentence, pause: told.append(sentence)) as frames,
    ):  # fmt: skip
        for _ in frames:
            pass
    assert counts.grabbed == 2
    assert counts.reconnects == len(told) == 3


def test_of_frames_that_came_meanwhile_only_the_newest_is_there():
    came = threading.Event()

    def script():
        for _ in range(50):
            yield Shot(BLANK)
        came.set()

    counts = Counts()
    with grab(Scripted(script()), counts, threading.Event()) as frames:
        assert came.wait(20)
        assert [frame.index for frame in frames] == [49]
    assert (counts.grabbed, counts.overtaken) == (50, 49)


def test_grabbing_ends_its_thread_when_the_block_ends():
    endless = Scripted(Shot(BLANK) for _ in iter(int, 1))
    with grab(endless, Counts(), threading.Event()) as frames:
        first, second = islice(frames, 2)
    assert first.index < second.index
    assert not any(t.name == "poseflow-grabber" for t in threading.enumerate())


def test_a_recording_plays_at_its_times_and_loops(tmp_path):
    write_video(tmp_path / "clip.mp4", ((BLANK, t) for t in (0.0, 0.1, 0.4)), fps=10)
    video = open_video(tmp_path / "clip.mp4")
    once = [shot.due for shot in Recording(video).shots()]
    assert once == pytest.approx([0.0, 0.1, 0.4])
    endless = Recording(video, loop=True).shots()
    second = [shot.due for shot in islice(endless, 6)][3:]
    endless.close()
    length = 3 / video.fps
    assert second == pytest.approx([length, length + 0.1, length + 0.4])


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("0", Camera(0)),
        ("/dev/video12", Camera(12)),
        ("rtsp://door/1", Address("rtsp://door/1")),
        ("HTTP+x://door", Address("HTTP+x://door")),
    ],
)
def test_what_a_user_names_is_what_is_opened(text, source):
    assert open_source(text) == source


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("nowhere.mp4",), "nowhere.mp4: expected a video", id="no-file"),
        pytest.param(("0", True), "camera 0: --loop: expected a video file", id="looped-camera"),
        pytest.param(("rtsp://me:secret@door/1", True), "rtsp://door/1: --loop", id="password"),
    ],
)
def test_a_source_that_cannot_be_is_a_sentence(words, told):
    text, *loop = words
    with pytest.raises(InputError, match=told) as caught:
        open_source(text, loop=bool(loop))
    assert "secret" not in str(caught.value)


def test_a_camera_that_is_not_there_is_a_sentence(capfd):
    with pytest.raises(InputError, match="camera 987: there is no such camera"):
        next(open_source("987").shots())
    assert capfd.readouterr().err == ""


def test_an_address_that_does_not_answer_is_a_sentence_without_the_password():
    with pytest.raises(
        InputError, match=r"tcp://127\.0\.0\.1:9: expected a stream, FFmpeg says"
    ) as e:
        next(Address("tcp://me:secret@127.0.0.1:9").shots())
    assert "secret" not in str(e.value)


def test_a_stream_that_breaks_off_is_called_again(tmp_path, monkeypatch):
    """A film sent twice over a socket as a camera's box sends it: without a length."""
    monkeypatch.setattr("poseflow.live.grabbing.FIRST_PAUSE", 0.001)
    film(tmp_path / "clip.ts", drifting(12), codec="mpeg2video", form="mpegts")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def send_twice():
            for _ in range(2):
                called, _ = server.accept()
                with called:
                    called.sendall((tmp_path / "clip.ts").read_bytes())
            server.close()

        thread = threading.Thread(target=send_twice)
        thread.start()
        source = open_source(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        counts, told = Counts(), []
        with (
            pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:\d+: expected a stream, FFmpeg"),
            grab(source, counts, threading.Event(), tries=2,
                 failed=lambda sentence, pause: told.append(sentence)) as frames,
        ):  # fmt: skip
            for frame in frames:
                assert frame.image.shape == (48, 64, 3)
        thread.join()
    assert counts.grabbed == 24
    assert told[0] == told[1] == f"{source.name}: the stream ended"


def test_a_stream_that_is_silent_is_told_in_seconds(monkeypatch):
    monkeypatch.setattr("poseflow.live.sources._OPENING", 0.2)
    monkeypatch.setattr("poseflow.live.sources._READING", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(InputError, match=r"expected a stream, nothing came for 0\.2 seconds"):
            next(Address(address).shots())


def test_a_damaged_piece_of_a_stream_is_passed_over(tmp_path):
    class Damaged:
        """A stream whose third packet did not arrive whole."""

        def __init__(self, stream) -> None:
            self._stream, self._n = stream, 0

        def decode(self, packet):
            self._n += 1
            if self._n == 3:
                raise av.error.InvalidDataError(1, "Invalid data found")
            return self._stream.decode(packet)

    path = film(tmp_path / "clip.mkv", drifting(6))

    class Container:
        duration = None

        def demux(self, stream):
            return container.demux(container.streams.video[0])

    with av.open(str(path)) as container:
        shots = list(_decoded(Container(), Damaged(container.streams.video[0])))
    assert len(shots) == 5
