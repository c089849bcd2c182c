"""What a person calls the device behind a browser's `User-Agent`: `LG TV`, `Chrome · Windows`."""

from __future__ import annotations

import re

LONGEST = 60

_TELEVISIONS = (
    (r"Web0S|webOS", "LG TV"),
    (r"Tizen.*(?:TV|SMART)|SMART-TV.*Tizen", "Samsung TV"),
    (r"BRAVIA", "Sony TV"),
    (r"\bAFT[A-Z]", "Fire TV"),
    (r"CrKey", "Chromecast"),
    (r"Apple ?TV", "Apple TV"),
    (r"Android TV|GoogleTV", "Android TV"),
    (r"SMART-TV|SmartTV|HbbTV", "TV"),
)
_SYSTEMS = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"CrOS", "Chromebook"),
    (r"Windows", "Windows"),
    (r"Macintosh|Mac OS X", "Mac"),
    (r"Linux|X11", "Linux"),
)
_BROWSERS = (
    (r"YaBrowser/", "Yandex"),
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Vivaldi/", "Vivaldi"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
)


def device_name(agent: str) -> str:
    """The most specific name that is certain; what is no browser's own text is a name already. Empty when unknown."""
    television = _first(_TELEVISIONS, agent)
    if television:
        return television
    if not agent.startswith(("Mozilla/", "Opera/")):
        return agent[:LONGEST].strip()
    return " · ".join(part for part in (_first(_BROWSERS, agent), _first(_SYSTEMS, agent)) if part)


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, agent)), "")
