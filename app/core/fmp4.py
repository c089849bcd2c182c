"""Fragmented MP4 (ISO/IEC 14496-12) boxes: read, patch and write. Pure: bytes in, bytes out."""

from __future__ import annotations
