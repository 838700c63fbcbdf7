"""Reading videos and folders of images: films of known pixels at known times, and broken ones."""

from __future__ import annotations

import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from conftest import shared
from films import drifting, film, packets_of, planes
from poseflow.errors import InputError
from poseflow.video import open_video, read_frames
from poseflow.video import reading as reading_module

MILLISECOND = Fraction(1, 1000)


# Pixels.


def test_gray_is_the_decoders_luma(tmp_path):
    ramp = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)

    (frame,) = read_frames(open_video(film(tmp_path / "a.mkv", [planes(ramp)])), color=False)

    assert (frame.image == ramp).all()
    assert frame.image.flags.c_contiguous


@pytest.mark.parametrize("color", [False, True])
def test_drawing_into_a_frame_leaves_the_later_ones_alone(tmp_path, color):
    video = open_video(film(tmp_path / "a.mp4", drifting(12), codec="libx264"))
    expected = [frame.image.copy() for frame in read_frames(video, color=color, ahead=0)]

    for frame, untouched in zip(read_frames(video, color=color, ahead=0), expected, strict=True):
        assert (frame.image == untouched).all()
        frame.image[:] = 0


def test_an_odd_width_is_not_sheared(tmp_path):
    ramp = np.arange(34 * 46, dtype=np.uint8).reshape(34, 46)
    path = tmp_path / "a.mkv"
    frame = planes(ramp).reformat(width=45, height=33, format="yuv444p", interpolation="POINT")
    luma = frame.to_ndarray()[0]

    (read,) = read_frames(open_video(film(path, [frame])), color=False)

    assert read.image.shape == (33, 45)
    assert (read.image == luma).all()


@pytest.mark.parametrize(
    ("colorspace", "red_share", "blue_share"),
    [
        pytest.param(5, 0.299, 0.114, id="bt601"),
        pytest.param(1, 0.2126, 0.0722, id="bt709"),
        pytest.param(2, 0.299, 0.114, id="untold"),
    ],
)
def test_color_follows_the_files_colorspace(tmp_path, colorspace, red_share, blue_share):
    frame = planes(120, blue=100, red=180)
    frame.colorspace = colorspace
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace = colorspace
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    # ITU-R BT.601 and BT.709, limited range.
    y, cb, cr = (120 - 16) / 219, (100 - 128) / 224, (180 - 128) / 224
    red = y + 2 * (1 - red_share) * cr
    blue = y + 2 * (1 - blue_share) * cb
    green = (y - red_share * red - blue_share * blue) / (1 - red_share - blue_share)

    (read,) = read_frames(open_video(path), color=True)

    assert read.image.shape == (48, 64, 3)
    np.testing.assert_allclose(
        read.image[20, 30], 255 * np.array([blue, green, red]), rtol=0, atol=2
    )


@pytest.mark.parametrize(
    ("form", "codec", "suffix", "expected"),
    [
        pytest.param("yuv420p10le", "ffv1", "mkv", (180, 60), id="ten-bits"),
        pytest.param("yuyv422", "rawvideo", "avi", (180, 60), id="packed"),
        pytest.param("nv12", "rawvideo", "avi", (180, 60), id="nv12"),
        # Of full range in RGB: (180 − 16) · 255 / 219 and (60 − 16) · 255 / 219.
        pytest.param("rgb24", "png", "mov", (191, 51), id="rgb"),
    ],
)
def test_gray_of_other_pixel_formats_is_luma(tmp_path, form, codec, suffix, expected):
    given = [planes(value).reformat(format=form) for value in (180, 60)]

    frames = read_frames(
        open_video(film(tmp_path / f"a.{suffix}", given, codec=codec)), color=False
    )

    for frame, value in zip(frames, expected, strict=True):
        assert frame.image.shape == (48, 64)
        assert np.ptp(frame.image) <= 1
        assert int(frame.image[9, 9]) == pytest.approx(value, abs=2)


@pytest.mark.parametrize(
    ("matrix", "clockwise"),
    [
        # A pixel (p, q) of the picture is shown at (a p + c q, b p + d q), ISO/IEC 14496-12 8.3.2.
        pytest.param((1, 0, 0, 1), 0, id="upright"),
        pytest.param((0, 1, -1, 0), 1, id="quarter"),
        pytest.param((-1, 0, 0, -1), 2, id="half"),
        pytest.param((0, -1, 1, 0), 3, id="three-quarters"),
    ],
)
@pytest.mark.parametrize("color", [False, True])
def test_a_phones_rotation_is_heeded(tmp_path, matrix, clockwise, color):
    # The only bright quarter is at the top left; clockwise turns take it around the corners.
    picture = np.full((48, 64), 30, np.uint8)
    picture[:24, :32] = 220
    path = film(tmp_path / "a.mp4", [planes(picture)] * 3, codec="libx264", crf="1")
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)

    video = open_video(path)
    frames = list(read_frames(video, color=color))

    width, height = (64, 48) if clockwise % 2 == 0 else (48, 64)
    assert video.size == (width, height)
    assert len(frames) == video.n_frames == 3
    image = frames[0].image if not color else frames[0].image.mean(axis=2)
    assert image.shape == (height, width)
    bright = [image[5, 5], image[5, -5], image[-5, -5], image[-5, 5]]
    assert [bool(value > 130) for value in bright] == [i == clockwise for i in range(4)]


# Times and counts.


def test_what_is_told_of_a_video(tmp_path):
    path = film(tmp_path / "a.mkv", [planes(40 + 5 * i) for i in range(30)])

    video = open_video(str(path))
    frames = list(read_frames(video, color=False))

    assert (video.path, video.size, video.n_frames) == (path, (64, 48), 30)
    assert (video.fps, video.names, video.is_folder) == (25.0, (), False)
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.image[0, 0] for frame in frames] == [40 + 5 * i for i in range(30)]
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(30)])
    assert {frame.name for frame in frames} == {""}


def test_variable_times_count_from_the_first_frame(tmp_path):
    ticks = [5000, 5040, 5050, 5700, 9001]
    path = film(
        tmp_path / "a.mkv", [planes(50)] * 5, ticks=ticks, tick=MILLISECOND, codec="libx264"
    )

    times = [frame.time for frame in read_frames(open_video(path), color=False)]

    assert times == [0.0, 0.04, 0.05, 0.7, 4.001]


def test_the_average_rate_of_variable_times(tmp_path):
    # The file claims the 25 frames a second that it was announced with.
    ticks = [0, 100, 200, 1000, 2000]
    path = film(
        tmp_path / "a.mkv", [planes(50)] * 5, ticks=ticks, tick=MILLISECOND, codec="libx264"
    )
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == 25

    assert open_video(path).fps == 4 / 2.0


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param("a.h264", "h264", id="no-times-at-all"),
        pytest.param("a.avi", "avi", id="decoding-times-only"),
    ],
)
def test_times_where_a_file_has_none(tmp_path, name, form):
    path = film(tmp_path / name, drifting(40), codec="libx264", form=form, bf="3")

    video = open_video(path)

    times = [frame.time for frame in read_frames(video, color=False)]
    assert times == pytest.approx([i / 25 for i in range(40)])
    assert video.n_frames == 40


@pytest.mark.parametrize(
    ("codec", "name", "options"),
    [
        pytest.param("libx264", "a.mp4", {"bf": "3"}, id="h264"),
        pytest.param("libx264", "a.ts", {"x264-params": "tff=1"}, id="interlaced"),
        pytest.param("libx265", "a.mp4", {"x265-params": "log-level=none"}, id="hevc"),
        pytest.param("libvpx-vp9", "a.webm", {"deadline": "realtime"}, id="vp9"),
        pytest.param("mpeg4", "a.avi", {"bf": "2"}, id="mpeg4"),
        pytest.param("mpeg1video", "a.mpg", {"bf": "2"}, id="mpeg1"),
        pytest.param("gif", "a.gif", {}, id="gif"),
    ],
)
def test_frames_are_counted_exactly(tmp_path, codec, name, options):
    frames = drifting(33)
    if codec == "gif":
        frames = [frame.reformat(format="rgb8") for frame in frames]
    video = open_video(film(tmp_path / name, frames, codec=codec, **options))

    assert video.n_frames == 33
    assert len(list(read_frames(video, color=False))) == 33


def test_a_beginning_without_a_key_frame_is_not_counted(tmp_path):
    path = film(
        tmp_path / "a.ts", drifting(60), codec="libx264", **{"x264-params": "keyint=10:open-gop=1"}
    )
    # From the packet after the second key frame on: ten frames and a bit are lost, not more.
    second_key = [packet.pos for packet in packets_of(path) if packet.is_keyframe][1]
    path.write_bytes(path.read_bytes()[second_key + 188 :])

    video = open_video(path)

    assert len(packets_of(path)) > video.n_frames
    assert len(list(read_frames(video, color=False))) == video.n_frames
    assert 30 <= video.n_frames <= 40
    assert video.fps == 25


def test_pictures_that_need_a_lost_beginning_are_not_counted(tmp_path):
    whole = film(
        tmp_path / "whole.ts",
        drifting(60),
        codec="libx264",
        **{"x264-params": "keyint=10:open-gop=1:scenecut=0"},
    )
    path = tmp_path / "a.mkv"
    packets = packets_of(whole)
    second_key = [packet.is_keyframe for packet in packets].index(True, 1)
    with av.open(str(whole)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in packets[second_key:]:
            packet.stream = stream
            output.mux(packet)
    times = [packet.pts for packet in packets_of(path)]
    leading = sum(time < times[0] for time in times)

    video = open_video(path)

    assert leading > 0
    assert video.n_frames == len(times) - leading
    assert len(list(read_frames(video, color=False))) == video.n_frames


def test_pictures_that_an_edit_list_cuts_away_are_not_counted(tmp_path):
    whole = drifting(20)
    path = film(tmp_path / "a.mp4", whole, codec="libx264", crf="1")
    content = bytearray(path.read_bytes())
    # ISO/IEC 14496-12 8.6.6: after version, flags and the number of edits, a length and a start.
    place = content.index(b"elst") + 4 + 8
    length, start = struct.unpack_from(">Ii", content, place)
    with av.open(str(path)) as container:
        tick = container.streams.video[0].time_base
    struct.pack_into(">Ii", content, place, length * 15 // 20, start + round(5 / 25 / tick))
    path.write_bytes(content)

    video = open_video(path)
    frames = list(read_frames(video, color=False))

    assert video.n_frames == len(frames) == 15
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(15)])
    sixth = np.frombuffer(whole[5].planes[0], np.uint8).reshape(48, -1)[:, :64].astype(int)
    assert np.abs(frames[0].image - sixth).mean() < 1


def test_pictures_that_are_never_shown_are_not_counted(tmp_path):
    shown = film(tmp_path / "shown.webm", drifting(20), codec="libvpx", deadline="realtime")
    path = tmp_path / "a.webm"
    with av.open(str(shown)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in (p for p in source.demux(video=0) if p.size):
            content = bytes(packet)
            # RFC 6386 9.1: bit 4 of a frame's first byte says whether it is shown.
            for delay, first in ((0, content[0]), (1, content[0] & ~0x10)):
                copy = av.Packet(bytes([first]) + content[1:])
                copy.stream, copy.time_base = stream, packet.time_base
                copy.pts = copy.dts = packet.pts + delay
                copy.is_keyframe = packet.is_keyframe
                output.mux(copy)

    video = open_video(path)

    assert len(packets_of(path)) == 40
    assert video.n_frames == 20
    assert len(list(read_frames(video, color=False))) == 20


@pytest.mark.parametrize(
    ("name", "size", "n_frames", "fps"),
    [
        pytest.param("vtest.avi", (768, 576), 795, 10, id="vtest"),
        pytest.param("bedroom.mp4", (960, 540), 200, 30, id="bedroom"),
        pytest.param("treadmill.mp4", (1088, 1920), 100, 60, id="treadmill"),
        pytest.param("park.mp4", (1768, 994), 230, 30, id="park"),
    ],
)
def test_real_videos(name, size, n_frames, fps):
    video = open_video(shared("data", "videos", name))

    assert (video.size, video.n_frames, video.fps) == (size, n_frames, fps)
    told = [(f.index, f.time, f.image.shape) for f in read_frames(video, color=False)]
    assert [index for index, _, _ in told] == list(range(n_frames))
    assert [time for _, time, _ in told] == pytest.approx([i / fps for i in range(n_frames)])
    assert {shape for _, _, shape in told} == {size[::-1]}


# Bad input.


def test_what_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.mp4: expected a video or a folder of images"):
        open_video(tmp_path / "nothing.mp4")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        pytest.param("a.mp4", b"", "expected a video, got an empty file", id="empty"),
        pytest.param("a.mp4", b"\0\1\2\3" * 999, "expected a video, FFmpeg says", id="rubbish"),
        pytest.param("a.json", b'[{"image_id": 1}]' * 99, "without a video stream", id="json"),
        pytest.param("a.txt", b"words\n" * 99, "without a video stream", id="text"),
    ],
)
def test_files_that_are_no_video(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        open_video(tmp_path / name)


@pytest.mark.parametrize("cover", [False, True])
def test_a_song_is_no_video(tmp_path, cover):
    path = tmp_path / "song.mka"
    picture = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    with av.open(str(path), "w", format="matroska") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        if cover:
            output.add_attachment("cover.jpg", "image/jpeg", picture)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        samples.sample_rate = 8000
        output.mux(stream.encode(samples))
        output.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert len(container.streams.video) == cover

    with pytest.raises(InputError, match="without a video stream"):
        open_video(path)


def test_a_video_without_its_end_cannot_be_opened(tmp_path):
    path = film(tmp_path / "a.mov", drifting(20), codec="libx264")
    path.write_bytes(path.read_bytes()[:-200])  # the index is at the end
    with pytest.raises(InputError, match=r"a\.mov: expected a video, FFmpeg says"):
        open_video(path)


def test_an_index_without_pictures(tmp_path):
    path = film(tmp_path / "a.mp4", drifting(20), codec="libx264")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 4])
    with pytest.raises(InputError, match="without a frame that can be decoded"):
        open_video(path)


def test_a_video_cut_short_gives_the_frames_it_has(tmp_path):
    path = film(tmp_path / "a.mp4", drifting(50), codec="libx264")
    middle = packets_of(path)[30]
    path.write_bytes(path.read_bytes()[: middle.pos + middle.size // 2])

    video = open_video(path)

    assert video.n_frames == 30
    assert len(list(read_frames(video, color=False))) == video.n_frames


def test_fewer_frames_than_were_counted(tmp_path):
    video = open_video(film(tmp_path / "a.mkv", drifting(20)))
    film(video.path, drifting(12))

    with pytest.raises(InputError, match=r"a\.mkv: frame 12: expected 20 frames"):
        list(read_frames(video, color=False))


@pytest.mark.parametrize("color", [False, True])
def test_damage_in_the_middle_is_told_with_the_frame(tmp_path, color):
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    frames = [av.VideoFrame.from_ndarray(np.roll(noise, i), format="rgb24") for i in range(30)]
    path = film(tmp_path / "a.mov", frames, codec="png")
    packet = packets_of(path)[20]
    content = bytearray(path.read_bytes())
    content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(content)
    video = open_video(path)
    indices = []

    with pytest.raises(InputError, match=r"a\.mov: damaged at or soon after frame (\d+)") as caught:
        indices.extend(frame.index for frame in read_frames(video, color=color))

    assert video.n_frames == 30
    assert indices == list(range(len(indices)))
    assert f"frame {len(indices)}," in str(caught.value)
    # The frame before it is whole; how many more are lost depends on the decoder's threads.
    assert 20 - 16 <= len(indices) <= 20


def test_importing_loads_neither_opencv_nor_ffmpeg():
    code = "import sys, poseflow.video; print({'cv2', 'av'} & set(sys.modules))"
    source = str(Path(reading_module.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


# What is known to be missing.


def broken_in_the_middle(path):
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : 2 * third] = np.random.default_rng(1).bytes(third)
    path.write_bytes(content)
    return path


def test_damage_that_is_decoded_around_is_told(tmp_path):
    path = film(tmp_path / "a.avi", drifting(60, 320, 240), codec="mpeg4", **{"b": "2000000"})
    assert open_video(path).damage == ""
    video = open_video(broken_in_the_middle(path))
    assert 0 < video.n_frames < 60
    assert video.damage.startswith(f"of 60 frames {video.n_frames} can be decoded")
    assert len(list(read_frames(video, color=False))) == video.n_frames


def test_pictures_that_stay_are_no_damage(tmp_path):
    ticks = [0, 1, 2, 5, 6, 10]
    path = film(tmp_path / "a.avi", drifting(6), ticks=ticks, codec="mpeg4")
    video = open_video(path)
    assert (video.n_frames, video.damage) == (6, "")
