"""Devices are called what their owners call them."""

import pytest

from app.core.devices import device_name

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {CHROME} WebAppManager", "LG TV"),
        ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 Version/6.0 TV Safari/537.36", "Samsung TV"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}", "Chrome · Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/141.0", "Edge · Windows"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} YaBrowser/25.8", "Yandex · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari · iPhone"),
        (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {CHROME}", "Chrome · Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox · Linux"),
        ("Kitchen tablet", "Kitchen tablet"),
        ("Mozilla/5.0", ""),
        ("", ""),
    ],
)
def test_a_device_has_the_name_its_owner_knows(agent: str, name: str) -> None:
    assert device_name(agent) == name
