"""Writing videos and folders of images, read back with PyAV and OpenCV alone."""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from films import drifting
from poseflow.errors import InputError, PoseflowError
from poseflow.video import open_video, read_frames, write_images, write_video
from poseflow.video import writing as writing_module

SUFFIXES = [".mp4", ".webm"]
BLUE, GREEN, RED, GRAY = (250, 10, 10), (10, 250, 10), (10, 10, 250), (120, 120, 120)


def plain(color, width=64, height=48):
    return np.full((height, width, 3), color, np.uint8)


def moving(n, width=176, height=144):
    """n (image, time) of noise that moves, at 25 frames a second."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    noise = cv2.GaussianBlur(noise, (0, 0), 3)
    return [(np.roll(noise, index, axis=1), index / 25) for index in range(n)]


def times_of(path):
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def images_of(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def film_with_sound(path, video_codec, sound_codec, *, first_picture=0.0, seconds=2):
    """50 pictures, silence but for a click a second after the first of them; by PyAV alone."""
    rate = 48000
    with av.open(str(path), "w") as output:
        picture = output.add_stream(video_codec, 25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream(sound_codec, rate=rate, layout="stereo")
        samples = np.zeros((2, int((seconds + first_picture) * rate)), np.float32)
        click = int((1 + first_picture) * rate)
        samples[:, click : click + rate // 20] = np.sin(np.arange(rate // 20) / 8)
        for start in range(0, samples.shape[1], 960):
            piece = av.AudioFrame.from_ndarray(
                samples[:, start : start + 960].copy(), "fltp", "stereo"
            )
            piece.sample_rate, piece.pts, piece.time_base = rate, start, Fraction(1, rate)
            output.mux(sound.encode(piece))
        output.mux(sound.encode(None))
        for index, frame in enumerate(drifting(50)):
            frame.pts, frame.time_base = index + round(first_picture * 25), Fraction(1, 25)
            output.mux(picture.encode(frame))
        output.mux(picture.encode(None))
    return path


def sound_of(path):
    """The codec, the length in seconds, and when the click is heard after the first picture."""
    with av.open(str(path)) as container:
        codec = container.streams.audio[0].codec_context.codec.canonical_name
        pieces = [(f.time, f.to_ndarray(), f.sample_rate) for f in container.decode(audio=0)]
    loud, length = None, 0.0
    for time, samples, rate in pieces:
        flat = np.abs(samples.reshape(-1)).astype(float)
        loudness = flat / (32768 if samples.dtype == np.int16 else 1)
        if loud is None and (loudness > 0.5).any():
            loud = time
        length += samples.size / 2 / rate
    return codec, length, loud - times_of(path)[0]


@contextmanager
def no_file_larger_than(size):
    """As a full disk would: writing on fails."""
    resource = pytest.importorskip("resource", reason="file sizes can be limited on Unix alone")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# Pictures and times.


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [pytest.param(".mp4", "h264", id="mp4"), pytest.param(".webm", "vp9", id="webm")],
)
def test_colors_at_their_times(tmp_path, suffix, codec):
    path = tmp_path / f"a{suffix}"
    colors, times = [BLUE, GREEN, RED, GRAY], [0.0, 0.04, 0.5, 3.0]

    write_video(path, zip(map(plain, colors), times, strict=True), fps=25)

    assert times_of(path) == times
    for image, color in zip(images_of(path), colors, strict=True):
        np.testing.assert_allclose(image[24, 32], color, rtol=0, atol=12)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.codec.canonical_name == codec
        assert stream.codec_context.pix_fmt == "yuv420p"
        # BT.601 and limited range, FFmpeg's numbers 6 and 1, so that players need not guess.
        assert (stream.codec_context.colorspace, stream.codec_context.color_range) == (6, 1)


def test_names_with_a_colon(tmp_path, monkeypatch):
    # To FFmpeg they would be protocols'.
    monkeypatch.chdir(tmp_path)
    Path("takes:").mkdir()
    write_video("takes:/2.mp4", moving(3), fps=25)
    write_video("take:3.mp4", moving(3), fps=25, sound_from=Path("takes:/2.mp4"))
    assert open_video("take:3.mp4").n_frames == 3


def test_an_mp4_begins_with_its_index(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, moving(5), fps=25)
    content = path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("times", "fps"),
    [
        pytest.param([0.0], 30000 / 1001, id="one-frame"),
        pytest.param([i / 25 for i in range(30)], 25, id="even"),
        pytest.param([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 2.0], 10, id="a-late-end"),
        pytest.param([0, 1.0, 1.04], 25, id="a-gap"),
    ],
)
def test_a_video_lasts_until_its_last_frame_was_shown(tmp_path, suffix, times, fps):
    path = tmp_path / f"a{suffix}"
    write_video(
        path, [(image, times[i]) for i, (image, _) in enumerate(moving(len(times)))], fps=fps
    )
    with av.open(str(path)) as container:
        length = container.duration / av.time_base
    tick = 1 / 90000 if suffix == ".mp4" else 1 / 1000
    assert length == pytest.approx(times[-1] + 1 / fps, abs=tick)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_without_times_follow_the_rate(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_video(path, ((image, math.nan) for image, _ in moving(12)), fps=30000 / 1001)
    assert times_of(path) == pytest.approx([i * 1001 / 30000 for i in range(12)], abs=0.0006)


@pytest.mark.parametrize(("suffix", "tick"), [(".mp4", 1 / 90000), (".webm", 1 / 1000)])
@settings(max_examples=20, deadline=None)
@given(gaps=st.lists(st.one_of(st.just(0.0), st.floats(-0.1, 2)), min_size=1, max_size=12))
def test_times_are_kept_and_increase(tmp_path_factory, suffix, tick, gaps):
    path = tmp_path_factory.mktemp("times") / f"a{suffix}"
    times = [0.0, *np.cumsum(gaps)]

    write_video(path, ((plain(GRAY, 32, 32), time) for time in times), fps=25)

    ticks = [round(time / tick) for time in times_of(path)]
    expected = [0]
    for time in times[1:]:
        expected.append(max(round(time / tick), expected[-1] + 1))
    assert ticks == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("given_size", "size"),
    [
        pytest.param((65, 49), (64, 48), id="odd"),
        pytest.param((64, 49), (64, 48), id="odd-height"),
        pytest.param((1, 1), (2, 2), id="one-pixel"),
    ],
)
def test_odd_sizes_lose_their_last_line(tmp_path, suffix, given_size, size):
    path = tmp_path / f"a{suffix}"
    write_video(path, [(plain(RED, *given_size), 0.0)], fps=25)
    (image,) = images_of(path)
    assert image.shape == (size[1], size[0], 3)


def test_images_of_other_sizes_are_cut_or_filled_up(tmp_path):
    path = tmp_path / "a.mp4"
    images = [plain(GREEN, 64, 48), plain(RED, 32, 80)]

    write_video(path, ((image, math.nan) for image in images), fps=25)

    first, second = images_of(path)
    assert first.shape == second.shape == (48, 64, 3)
    np.testing.assert_allclose(second[40, 10], RED, rtol=0, atol=12)
    np.testing.assert_allclose(second[40, 50], (0, 0, 0), rtol=0, atol=12)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_can_be_read(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    frames = moving(40)
    write_video(path, frames, fps=25)

    video = open_video(path)
    read = list(read_frames(video, color=True))

    assert (video.size, video.n_frames, video.fps) == ((176, 144), 40, 25)
    assert [frame.time for frame in read] == [time for _, time in frames]
    for frame, (image, _) in zip(read, frames, strict=True):
        # Shifted by a single pixel this noise would differ by 10 on average.
        assert np.abs(frame.image.astype(int) - image).mean() < 4


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_frames_are_the_same_bytes(tmp_path, suffix):
    source = film_with_sound(tmp_path / "source.mkv", "libx264", "ac3")
    contents = set()
    for name in "ab":
        path = tmp_path / f"{name}{suffix}"
        write_video(path, moving(40), fps=25, sound_from=source)
        contents.add(path.read_bytes())
        with av.open(str(path)) as container:
            told = {**container.metadata, **container.streams.video[0].metadata}
            assert "creation_time" not in told
    assert len(contents) == 1


# Sound.


@pytest.mark.parametrize(
    ("source", "codecs", "suffix", "heard"),
    [
        pytest.param("s.mp4", ("libx264", "aac"), ".mp4", "aac", id="aac-copied"),
        pytest.param("s.avi", ("mpeg4", "libmp3lame"), ".mp4", "mp3", id="mp3-copied"),
        pytest.param("s.webm", ("libvpx", "libopus"), ".webm", "opus", id="opus-copied"),
        pytest.param("s.mov", ("libx264", "pcm_s16le"), ".mp4", "aac", id="samples-to-aac"),
        pytest.param("s.webm", ("libvpx", "libopus"), ".mp4", "aac", id="opus-to-aac"),
        pytest.param("s.mp4", ("libx264", "aac"), ".webm", "opus", id="aac-to-opus"),
    ],
)
def test_sound_goes_along(tmp_path, source, codecs, suffix, heard):
    source = film_with_sound(tmp_path / source, *codecs)
    path = tmp_path / f"out{suffix}"
    video = open_video(source)
    frames = ((frame.image, frame.time) for frame in read_frames(video, color=True))

    write_video(path, frames, fps=25, sound_from=source)

    codec, length, click = sound_of(path)
    assert codec == heard
    # An encoder rounds up to its own pieces of sound, the longest of which are MP3's 24 ms.
    assert 2 <= length < 2 + 2.1 * 0.024
    # To within the piece of sound in which the click begins, and the delay of an encoder or two.
    assert click == pytest.approx(1, abs=0.08)
    assert len(times_of(path)) == 50


def test_copied_sound_is_the_same_sound(tmp_path):
    source = film_with_sound(tmp_path / "s.mp4", "libx264", "aac")
    path = tmp_path / "out.mp4"

    write_video(path, moving(50), fps=25, sound_from=source)

    def packets(file):
        with av.open(str(file)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    assert packets(path) == packets(source)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sound_stays_with_the_picture_where_pictures_begin_late(tmp_path, suffix):
    source = film_with_sound(tmp_path / "s.mkv", "libx264", "aac", first_picture=0.6)
    path = tmp_path / f"out{suffix}"
    assert open_video(source).n_frames == 50

    write_video(path, moving(50), fps=25, sound_from=source)

    assert sound_of(path)[2] == pytest.approx(1, abs=0.08)


def test_sound_is_spread_over_the_file(tmp_path):
    # A browser that reads the file as it comes needs both near each other. Of itself, FFmpeg sees
    # to that only within ten seconds.
    source = film_with_sound(tmp_path / "s.mkv", "libx264", "aac", seconds=60)
    path = tmp_path / "out.mp4"
    # Encoders hold back a few pictures, here half a second each.
    pictures = [(plain(GRAY), index / 2) for index in range(120)]
    write_video(path, pictures, fps=2, sound_from=source)
    with av.open(str(path)) as container:
        packets = sorted((p for p in container.demux() if p.size), key=lambda packet: packet.pos)
        told = [(float(packet.dts * packet.time_base), packet.stream.type) for packet in packets]
    seen = {"audio": 0.0, "video": 0.0}
    for time, kind in told:
        seen[kind] = time
        assert abs(seen["audio"] - seen["video"]) < 2.5


def test_a_source_without_sound(tmp_path):
    write_video(tmp_path / "silent.mp4", moving(3), fps=25)
    write_video(tmp_path / "a.mp4", moving(3), fps=25, sound_from=tmp_path / "silent.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_a_source_that_is_none(tmp_path):
    (tmp_path / "s.mp4").write_bytes(b"\0" * 999)
    with pytest.raises(InputError, match=r"s\.mp4: its sound cannot be read"):
        write_video(tmp_path / "a.mp4", moving(3), fps=25, sound_from=tmp_path / "s.mp4")
    assert os.listdir(tmp_path) == ["s.mp4"]


# Whole or not at all.


@pytest.mark.parametrize("name", ["a.avi", "a", "a.mp4.txt"])
def test_another_suffix(tmp_path, name):
    with pytest.raises(InputError, match=r"expected a video to write \(\.mp4 or \.webm\)"):
        write_video(tmp_path / name, moving(1), fps=25)
    assert not os.listdir(tmp_path)


def test_no_frames(tmp_path):
    with pytest.raises(InputError, match=r"a\.mp4: expected frames to write, got none"):
        write_video(tmp_path / "a.mp4", [], fps=25)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_that_fail_leave_what_was_there(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"an older video")

    def failing():
        yield from moving(30)
        raise InputError("frame 30: broken")

    with pytest.raises(InputError, match="frame 30: broken"):
        write_video(path, failing(), fps=25)

    assert os.listdir(tmp_path) == [path.name]
    assert path.read_bytes() == b"an older video"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("lacking", [1, 0.5, 0])
def test_a_full_disk(tmp_path, suffix, lacking):
    path = tmp_path / f"a{suffix}"
    write_video(path, moving(30), fps=25)
    size = path.stat().st_size
    path.unlink()

    # Even if only the last byte finds no room.
    with (
        no_file_larger_than(min(int(size * (1 - lacking)), size - 1)),
        pytest.raises(InputError, match=rf"a\{suffix}: cannot be written"),
    ):
        write_video(path, moving(30), fps=25)

    assert not os.listdir(tmp_path)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"a\.mp4: cannot be written"):
        write_video(tmp_path / "file" / "a.mp4", moving(1), fps=25)
    with pytest.raises(InputError, match="images"):
        write_images(tmp_path / "file" / "images", moving(1))
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(InputError, match=r"a\.mp4: cannot be written"):
        write_video(tmp_path / "a.mp4", moving(1), fps=25)


def test_an_ffmpeg_without_the_encoder(tmp_path, monkeypatch):
    kind = writing_module._KINDS[".mp4"]._replace(encoder="libnowhere")
    monkeypatch.setitem(writing_module._KINDS, ".mp4", kind)
    with pytest.raises(PoseflowError, match="no encoder libnowhere"):
        write_video(tmp_path / "a.mp4", moving(1), fps=25)
    assert not os.listdir(tmp_path)


# Folders.


def test_images_are_numbered(tmp_path):
    write_images(tmp_path / "out", ((plain((i, i, i), 8, 6), 0.0) for i in range(12)))

    assert sorted(os.listdir(tmp_path / "out")) == [f"{i:06d}.jpg" for i in range(12)]
    assert abs(int(cv2.imread(str(tmp_path / "out" / "000011.jpg"))[0, 0, 0]) - 11) <= 1


def test_images_keep_their_names_and_sizes(tmp_path):
    names = ["2.PNG", "10.bmp", "a.tiff", "left over.png"]
    images = [np.random.default_rng(i).integers(0, 256, (5 + i, 7, 3), np.uint8) for i in range(3)]

    write_images(tmp_path / "out", ((image, math.nan) for image in images), names)

    assert sorted(os.listdir(tmp_path / "out")) == sorted(names[:3])
    for name, image in zip(names, images, strict=False):
        assert (cv2.imread(str(tmp_path / "out" / name)) == image).all()


def test_a_name_that_is_no_images(tmp_path):
    with pytest.raises(InputError, match=r"b\.gif: expected the name of an image"):
        write_images(tmp_path / "out", moving(2), ["a.png", "b.gif"])
    assert not os.listdir(tmp_path)


def test_a_full_disk_leaves_no_images(tmp_path):
    with no_file_larger_than(1000), pytest.raises(InputError, match="out: cannot be written"):
        write_images(tmp_path / "out", moving(2))
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "size", "aspect"),
    # VP9 in Matroska: 64 × 4/3 square pixels, and an even number.
    [("a.mp4", (64, 48), Fraction(4, 3)), ("a.webm", (84, 48), 1)],
)
def test_pixels_that_are_not_square_are_shown_as_wide_as_before(tmp_path, name, size, aspect):
    frames = [(np.full((48, 64, 3), 128, np.uint8), t / 25) for t in range(3)]
    write_video(tmp_path / name, frames, fps=25, pixel_aspect=Fraction(4, 3))
    video = open_video(tmp_path / name)
    assert (video.size, video.pixel_aspect) == (size, aspect)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no choice of cores here")
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_bytes_are_the_same_on_one_core_and_on_all(tmp_path, suffix):
    cores = os.sched_getaffinity(0)
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    for name, allowed in (("all", cores), ("one", {min(cores)})):
        os.sched_setaffinity(0, allowed)
        try:
            frames = ((np.roll(noise, t, axis=1), t / 25) for t in range(8))
            write_video(tmp_path / f"{name}{suffix}", frames, fps=25)
        finally:
            os.sched_setaffinity(0, cores)
    one, every = (tmp_path / f"{name}{suffix}" for name in ("one", "all"))
    assert one.read_bytes() == every.read_bytes()
