"""Who looks on while it plays: files, sockets, browsers; none of them keeps the loop waiting."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import sys
import threading
from contextlib import closing

import cv2
import numpy as np
import pytest

from conftest import frame_of, person
from poseflow import formats
from poseflow.errors import InputError
from poseflow.live import (
    Counts,
    Moment,
    lines_to_descriptor,
    lines_to_socket,
    no_window,
    open_window,
    record,
    serve,
)
from poseflow.live.lines import MOST_WAITING, Outlet
from poseflow.poses import Poses, Sequence
from poseflow.render import Renderer
from poseflow.skeletons import skeleton
from poseflow.video import open_video, read_frames

KIND = skeleton("coco-17")
RENDERER = Renderer(KIND)


def image(n: int) -> np.ndarray:
    return np.full((48, 64, 3), 20 * (n % 10), np.uint8)


def moment(n: int, poses: Poses | None = None) -> Moment:
    here = frame_of(person(30, 24, 40)).with_track_ids([n + 1]) if poses is None else poses
    return Moment(n, n / 25, 1.5e9 + n / 25, 0.01, image(n), here, RENDERER)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_poses_recorded_live_are_the_file_that_saving_them_makes(tmp_path):
    frames = [frame_of(person(20, 20), person(90, 20)), Poses.empty(17), frame_of(person(5, 5))]
    frames = [p.with_track_ids(range(1, 1 + len(p))) for p in frames]
    with record(tmp_path / "live.json", Counts()) as sink:
        for n, poses in enumerate(frames):
            sink(moment(n, poses))
        assert not (tmp_path / "live.json").exists()
    formats.save(tmp_path / "saved.json", Sequence(KIND, frames, ("0.jpg", "1.jpg", "2.jpg")))
    assert (tmp_path / "live.json").read_bytes() == (tmp_path / "saved.json").read_bytes()


def test_nobody_recorded_is_an_empty_list(tmp_path):
    with record(tmp_path / "live.json", Counts()) as sink:
        sink(moment(0, Poses.empty(17)))
    assert json.loads((tmp_path / "live.json").read_text()) == []


def test_lines_recorded_live_end_in_the_summary(tmp_path):
    counts = Counts(grabbed=3, tracked=2, overtaken=1)
    with record(tmp_path / "live.jsonl", counts) as sink:
        sink(moment(0))
        sink(moment(2))
    *frames, last = map(json.loads, (tmp_path / "live.jsonl").read_text().splitlines())
    assert [f["frame"] for f in frames] == [0, 2]
    assert [f["people"][0]["id"] for f in frames] == [1, 3]
    assert last["summary"]["grabbed"] == 3
    assert last["summary"]["overtaken"] == 1


def test_a_film_recorded_live_shows_each_frame_at_its_time(tmp_path):
    times = [0, 1, 2, 5, 6]
    with record(tmp_path / "live.mp4", Counts()) as sink:
        for n in times:
            sink(moment(n, Poses.empty(17)))
    frames = list(read_frames(open_video(tmp_path / "live.mp4"), color=True))
    assert [f.time for f in frames] == pytest.approx([n / 25 for n in times], abs=1e-4)
    assert [f.image.mean() for f in frames] == pytest.approx([20 * n for n in times], abs=4)


def test_without_a_frame_there_is_no_film(tmp_path):
    with record(tmp_path / "live.mp4", Counts()):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["live.json", "live.jsonl", "live.mp4"])
def test_what_was_broken_off_leaves_no_file(tmp_path, name):
    with pytest.raises(ZeroDivisionError):
        with record(tmp_path / name, Counts()) as sink:
            sink(moment(0))
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_recorded_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"expected a folder, or a file ending in \.json, "):
        record(tmp_path / "live.gif", Counts())
    (tmp_path / "no").touch()
    with pytest.raises(InputError, match="cannot be written"):
        with record(tmp_path / "no" / "folder.json", Counts()):
            pass
    with pytest.raises(InputError, match="cannot be written"):
        with record(tmp_path / "no" / "folder.mp4", Counts()) as sink:
            sink(moment(0))


def test_lines_reach_whoever_connects_and_end_with_the_summary():
    port = free_port()
    with lines_to_socket(f"tcp://127.0.0.1:{port}", Counts(tracked=1)) as sink:
        sink(moment(0))  # Nobody is there yet.
        reader = socket.create_connection(("127.0.0.1", port), 20)
        file = reader.makefile("rb")
        got = one_line(sink, file)
    assert got["people"][0]["id"] == 6
    *_, last = map(json.loads, file.read().splitlines())
    assert last["summary"]["tracked"] == 1
    reader.close()
    file.close()


def one_line(sink, file) -> dict:
    """The first line of a reader who just came, however long the welcome takes."""
    done = threading.Event()

    def speak():
        while not done.wait(0.002):
            sink(moment(5))

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        return json.loads(file.readline())
    finally:
        done.set()
        thread.join()


def test_a_reader_who_does_not_read_stalls_nobody():
    port, crowd = free_port(), frame_of(*[person(40 * n, 50) for n in range(50)])
    with lines_to_socket(f"tcp://127.0.0.1:{port}", Counts()) as sink:
        with (
            closing(socket.create_connection(("127.0.0.1", port), 20)),
            closing(socket.create_connection(("127.0.0.1", port), 20)) as second,
            second.makefile("rb") as file,
        ):
            one_line(sink, file)
            # 24 MB, more than sockets hold: this returns, though the first reader takes nothing.
            for n in range(800):
                sink(moment(n, crowd))
            while json.loads(file.readline())["frame"] < 790:
                pass


def test_what_waits_for_a_reader_is_bounded_and_the_newest():
    began, go, got = threading.Event(), threading.Event(), []

    def write(line):
        began.set()
        assert go.wait(20)
        got.append(int(line))

    outlet = Outlet(write)
    outlet.put(b"0")
    assert began.wait(20)
    for n in range(1, 1001):
        outlet.put(b"%d" % n)
    go.set()
    outlet.close(20.0)
    assert got == [0, *range(1001 - MOST_WAITING, 1001)]


def test_what_waits_for_the_encoder_is_bounded_and_the_newest(tmp_path, monkeypatch):
    began, go, got = threading.Event(), threading.Event(), []

    def write(path, frames, fps):
        for _, time in frames:
            began.set()
            assert go.wait(20)
            got.append(round(time * 25))

    monkeypatch.setattr("poseflow.live.recording.write_video", write)
    counts = Counts()
    with record(tmp_path / "live.mp4", counts) as sink:
        sink(moment(0))
        assert began.wait(20)
        for n in range(1, 40):
            sink(moment(n))
        go.set()
    assert got == [0, *range(32, 40)]
    assert counts.unfilmed == 40 - len(got)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")
def test_a_socket_in_the_file_system_comes_goes_and_takes_the_place_of_a_dead_one(tmp_path):
    place = tmp_path / "s"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(place))
    with lines_to_socket(f"unix://{place}", Counts()) as sink:
        with closing(socket.socket(socket.AF_UNIX)) as reader:
            reader.connect(str(place))
            assert one_line(sink, reader.makefile("rb"))["frame"] == 5
        with pytest.raises(InputError, match="cannot be listened at"):
            with lines_to_socket(f"unix://{place}", Counts()):
                pass
    assert not place.exists()


@pytest.mark.parametrize(
    "address", ["nowhere", "tcp://9000", "tcp://127.0.0.1:http", "udp://127.0.0.1:9", "unix://"]
)
def test_an_address_for_lines_that_cannot_be_is_a_sentence(address):
    with pytest.raises(InputError, match=r"--json: expected -, tcp://HOST:PORT or unix:///PATH"):
        with lines_to_socket(address, Counts()):
            pass


def test_lines_to_a_pipe_arrive_in_order():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        with lines_to_descriptor(writing, Counts(), threading.Event()) as sink:
            for n in range(30):
                sink(moment(n))
        os.close(writing)
        *frames, last = map(json.loads, file)
    assert [f["frame"] for f in frames] == list(range(30))
    assert "summary" in last


def test_a_reader_who_leaves_a_pipe_ends_the_run():
    reading, writing = os.pipe()
    os.close(reading)
    stop = threading.Event()
    with lines_to_descriptor(writing, Counts(), stop) as sink:
        for _ in range(10_000):
            sink(moment(0))
            if stop.wait(0.001):
                break
    os.close(writing)
    assert stop.is_set()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")
@pytest.mark.parametrize("frames", [1, 10_000])
def test_lines_that_cannot_be_written_are_told_once(frames):
    with open("/dev/full", "wb") as full:
        with pytest.raises(InputError, match="--json -: cannot be written: No space left"):
            with lines_to_descriptor(full.fileno(), Counts(), threading.Event()) as sink:
                for n in range(frames):
                    sink(moment(n))


def get(port: int, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


@pytest.fixture
def browser():
    """A port that serves, and the sink behind it."""
    told: list[str] = []
    with serve("127.0.0.1", 0, told.append) as sink:
        yield int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/", told[0]).group(1)), sink


def test_a_page_shows_the_stream_and_the_last_line(browser):
    port, sink = browser
    page = get(port, "/")
    assert page.getheader("Content-Type").startswith("text/html")
    assert b'src="stream"' in page.read()
    assert get(port, "/line").status == 204
    sink(moment(3))
    assert json.loads(get(port, "/line").read())["frame"] == 3
    assert get(port, "/elsewhere").status == 404


def test_a_page_is_there_with_any_question_and_for_who_asks_for_its_head(browser):
    port, _ = browser
    assert b"<title>" in get(port, "/?x=1").read()
    for path in ("/", "/stream"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("HEAD", path)
        with connection.getresponse() as answer:
            assert (answer.status, answer.read()) == (200, b"")


def test_a_picture_comes_with_what_is_in_it(browser):
    """Brightness tells the frame: picture and words are of the same one, each newer than before."""
    port, sink = browser
    done = threading.Event()

    def speak():
        n = 0
        while not done.wait(0.002):
            n += 1
            sink(moment(n, Poses.empty(17)))

    thread = threading.Thread(target=speak)
    thread.start()
    numbers = [0]
    try:
        for _ in range(4):
            answer = get(port, f"/picture?after={numbers[-1]}")
            told = json.loads(answer.getheader("X-Poseflow"))
            shade = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR).mean()
            assert shade == pytest.approx(20 * (told["frame"] % 10), abs=2)
            assert told["ids"] == []
            numbers.append(told["number"])
    finally:
        done.set()
        thread.join()
    assert numbers == sorted(set(numbers))


def test_who_asks_for_a_newer_picture_is_told_when_none_comes(browser, monkeypatch):
    monkeypatch.setattr("poseflow.live.serving._PATIENCE", 0.05)
    assert get(browser[0], "/picture?after=0").status == 204


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_page_for_this_machine_by_its_other_address():
    told: list[str] = []
    try:
        with serve("::1", 0, told.append):
            port = int(re.fullmatch(r"http://\[::1\]:(\d+)/", told[0]).group(1))
            connection = http.client.HTTPConnection("::1", port, timeout=20)
            connection.request("GET", "/")
            assert connection.getresponse().status == 200
    except InputError:
        pytest.skip("no IPv6 here")


def test_the_stream_is_one_picture_after_another_as_fast_as_the_browser_takes_them(browser):
    port, sink = browser
    with get(port, "/stream?1") as stream:
        boundary = stream.getheader("Content-Type").partition("boundary=")[2].encode()
        done = threading.Event()

        def speak():
            n = 0
            while not done.wait(0.002):
                sink(moment(n, Poses.empty(17)))
                n += 1

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            shades = []
            for _ in range(3):
                assert stream.readline().strip() == b"--" + boundary
                assert stream.readline().strip() == b"Content-Type: image/jpeg"
                length = int(stream.readline().split()[1])
                stream.readline()
                jpeg = np.frombuffer(stream.read(length), np.uint8)
                shades.append(cv2.imdecode(jpeg, cv2.IMREAD_COLOR).mean())
                stream.readline()
        finally:
            done.set()
            thread.join()
    assert len(set(shades)) == 3
    assert all(round(shade / 20) * 20 == pytest.approx(shade, abs=2) for shade in shades)


def test_a_browser_that_does_not_read_stalls_nobody(browser):
    port, sink = browser
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    with get(port, "/stream"):
        for n in range(200):
            sink(Moment(n, n / 25, 0.0, 0.0, noise, Poses.empty(17), RENDERER))
    assert json.loads(get(port, "/line").read())["frame"] == 199


def test_nothing_is_drawn_while_nobody_looks(browser):
    _, sink = browser
    shown = moment(0)
    sink(shown)
    assert "picture" not in vars(shown)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("localhost:8000", 204, id="this-machine"),
        pytest.param("[::1]:8000", 204, id="this-machine-v6"),
        pytest.param("evil.example:8000", 403, id="a-name-that-leads-here"),
    ],
)
def test_pages_of_others_cannot_look_on_by_a_name_that_leads_to_this_machine(browser, host, status):
    assert get(browser[0], "/line", Host=host).status == status


def test_a_port_that_is_taken_is_a_sentence(browser):
    with pytest.raises(InputError, match=rf"--serve 127\.0\.0\.1:{browser[0]}: cannot be listened"):
        with serve("127.0.0.1", browser[0], print):
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_without_a_display_there_is_no_window(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert no_window() in (
        "there is no display",
        "the installed OpenCV was built without windows",
    )


def test_no_window_is_a_sentence_that_says_what_else_there_is(monkeypatch):
    monkeypatch.setattr("poseflow.live.window.no_window", lambda: "there is no display")
    with pytest.raises(InputError, match=r"\(there is no display\): expected --serve PORT"):
        with open_window("title", threading.Event()):
            pass


@pytest.mark.parametrize(
    ("key", "visible", "stops"), [(-1, 1.0, False), (ord("q"), 1.0, True), (-1, 0.0, True)]
)
def test_a_window_shows_each_picture_and_ends_when_closed(monkeypatch, key, visible, stops):
    shown, stop = [], threading.Event()
    monkeypatch.setattr("poseflow.live.window.no_window", lambda: "")
    monkeypatch.setattr(cv2, "namedWindow", lambda title, flags: None)
    monkeypatch.setattr(cv2, "imshow", lambda title, picture: shown.append(picture))
    monkeypatch.setattr(cv2, "waitKey", lambda ms: key)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda title, kind: visible)
    monkeypatch.setattr(cv2, "destroyWindow", lambda title: shown.append("gone"))
    with open_window("title", stop) as sink:
        sink(moment(1))
    assert shown[0].shape == (48, 64, 3)
    assert shown[1] == "gone"
    assert stop.is_set() == stops
