"""Codec configurations as fragmented MP4 and RFC 6381 want them, from what a container kept of a stream.

Sources: ISO/IEC 14496-15 (avcC, hvcC), AV1 and VP9 "Codec ISO Media File Format Binding", RFC 6381.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from app.core.fmp4 import box, full_box

START_CODE = b"\0\0\1"
H264_IDR, H264_SPS, H264_PPS = 5, 7, 8
EIGHT_BIT_420 = frozenset({"yuv420p", "yuvj420p", "nv12"})
TEN_BIT_420 = EIGHT_BIT_420 | {"yuv420p10le"}
PLAYED = {"h264": EIGHT_BIT_420, "hevc": TEN_BIT_420, "av1": TEN_BIT_420, "vp9": EIGHT_BIT_420}
"""The pixel formats of each codec that players decode."""


def name_of(context: Any) -> str:
    """The codec's name, not its decoder's ("av1", not "libdav1d")."""
    return str(context.codec.canonical_name)


def annexb_units(data: bytes) -> Iterator[bytes]:
    """The NAL units between start codes (H.264 annex B)."""
    at = data.find(START_CODE)
    while at >= 0:
        following = data.find(START_CODE, at + 3)
        unit = data[at + 3 : following if following >= 0 else len(data)]
        yield unit.rstrip(b"\0") if following >= 0 else unit
        at = following


def sized_units(data: bytes, length_size: int) -> Iterator[bytes]:
    """The NAL units of a sample with length prefixes; stops at a length that leads beyond the sample."""
    at = 0
    while at + length_size <= len(data):
        size = int.from_bytes(data[at : at + length_size], "big")
        at += length_size
        if size > len(data) - at:
            return
        yield data[at : at + size]
        at += size


def is_annexb(context: Any) -> bool:
    """Whether packets of this stream carry start codes (its configuration is no avcC or hvcC box)."""
    return not (context.extradata and context.extradata[:1] == b"\1")


def units(context: Any, packet: bytes) -> Iterator[bytes]:
    """The NAL units of an H.264 or HEVC packet, whichever way its container frames them."""
    if is_annexb(context):
        return annexb_units(packet)
    length_at = 4 if name_of(context) == "h264" else 21
    return sized_units(packet, (context.extradata[length_at] & 3) + 1)


def decodes_alone(context: Any, packet: bytes) -> bool:
    """Whether players can start at this keyframe. An H.264 recovery point that is no IDR picture is refused by some."""
    if name_of(context) != "h264":
        return True
    return any(unit and unit[0] & 31 == H264_IDR for unit in units(context, packet))


def sized(context: Any, packet: Any) -> bytes | memoryview:
    """A packet as a sample of fragmented MP4: NAL units get 4-byte lengths where they had start codes.

    A view of the packet's own bytes where nothing has to be changed: pictures of a film are large.
    """
    if name_of(context) != "h264" or not is_annexb(context):
        return memoryview(packet)
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in annexb_units(bytes(packet)) if unit)


def video_configuration(context: Any) -> tuple[bytes, bytes, str] | None:
    """(sample entry, configuration box, codec string) of a stream, None where it cannot be put into fragmented MP4.

    Read from the headers alone: whether players decode its pictures is `copied_video_codec`'s to say.
    """
    maker = {"h264": _h264, "hevc": _hevc, "av1": _av1, "vp9": _vp9}.get(name_of(context))
    return None if maker is None else maker(context)


def copied_video_codec(context: Any) -> str | None:
    """The RFC 6381 string of a stream that can be copied, else None. Knows the pixels once a frame was decoded."""
    if context.pix_fmt not in PLAYED.get(name_of(context), ()):
        return None
    made = video_configuration(context)
    return None if made is None else made[2]


def _h264(context: Any) -> tuple[bytes, bytes, str] | None:
    if not context.extradata:
        return None
    record = context.extradata if not is_annexb(context) else _avc_record(context.extradata)
    if record is None or len(record) < 8:
        return None
    return b"avc1", box(b"avcC", record), f"avc1.{record[1:4].hex()}"


def _avc_record(extradata: bytes) -> bytes | None:
    found = list(annexb_units(extradata))
    sps = [unit for unit in found if unit and unit[0] & 31 == H264_SPS]
    pps = [unit for unit in found if unit and unit[0] & 31 == H264_PPS]
    if not sps or not pps or len(sps[0]) < 4:
        return None
    parts = [b"\1", sps[0][1:4], bytes((0xFF, 0xE0 | len(sps)))]
    parts += [struct.pack(">H", len(unit)) + unit for unit in sps]
    parts += [bytes((len(pps),)), *(struct.pack(">H", len(unit)) + unit for unit in pps)]
    if sps[0][1] in (100, 110, 122, 144):
        parts.append(b"\xfd\xf8\xf8\0")  # 4:2:0, 8 bits, no SPS extensions
    return b"".join(parts)


def _hevc(context: Any) -> tuple[bytes, bytes, str] | None:
    record = context.extradata
    if not record or is_annexb(context) or len(record) < 23:
        return None
    space, tier, profile = record[1] >> 6, record[1] >> 5 & 1, record[1] & 31
    (compatible,) = struct.unpack_from(">I", record, 2)
    reversed_bits = int(f"{compatible:032b}"[::-1], 2)
    constraints = ".".join(f"{byte:x}" for byte in record[6:12].rstrip(b"\0"))
    codec = f"hvc1.{('', 'A', 'B', 'C')[space]}{profile}.{reversed_bits:x}.{'LH'[tier]}{record[12]}"
    return b"hvc1", box(b"hvcC", record), f"{codec}.{constraints}" if constraints else codec


def _av1(context: Any) -> tuple[bytes, bytes, str] | None:
    record = context.extradata
    if not record or len(record) < 4 or record[0] != 0x81:
        return None
    profile, level, tier = record[1] >> 5, record[1] & 31, record[2] >> 7
    depth = 10 if record[2] & 0x40 else 8
    return b"av01", box(b"av1C", record), f"av01.{profile}.{level:02d}{'MH'[tier]}.{depth:02d}"


VP9_LEVELS = ((36_864, 10), (73_728, 11), (122_880, 20), (245_760, 21), (552_960, 30), (983_040, 31), (2_228_224, 40))


def _vp9(context: Any) -> tuple[bytes, bytes, str]:
    """VP9 in WebM has no configuration record: it is told from the stream (level from the picture's size)."""
    area = context.width * context.height
    level = next((number for limit, number in VP9_LEVELS if area <= limit), 51)
    body = bytes((0, level, 8 << 4 | 1 << 1, 2, 2, 2, 0, 0))
    return b"vp09", full_box(b"vpcC", 1, 0, body), f"vp09.00.{level:02d}.08"


def copied_audio_codec(context: Any) -> str | None:
    """ "mp4a.40.2" for AAC-LC with a configuration, else None."""
    config = audio_config(context)
    return "mp4a.40.2" if config is not None else None


def audio_config(context: Any) -> bytes | None:
    """The AudioSpecificConfig of an AAC-LC stream of 1,024-sample frames, else None."""
    config = context.extradata
    if name_of(context) != "aac" or context.profile != "LC" or not config or config[0] >> 3 != 2:
        return None
    short_frames = config[1] & 4
    return None if short_frames or len(config) < 2 else config
