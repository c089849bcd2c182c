"""What work a path names: a film, episodes of a show, a season's folder, an extra of something, or nothing.

Pure and deterministic: it reads text only (every folder of the path, the library's kind, the names beside the file) and
says why it decided so. Which row of the catalog that is, and what a provider knows of it, is for others.
"""

from __future__ import annotations

from app.core.identify.rules import identify
from app.core.identify.spellings import spellings
from app.core.identify.values import Identification

__all__ = ["Identification", "identify", "spellings"]
