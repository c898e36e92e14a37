"""What is vendored is what its publisher published."""

from __future__ import annotations

import hashlib
import json

from rtkit_explore.widgets.static_files import static_text

VENDORED = json.loads(static_text("vendored.json"))


def test_vendored_files_have_the_declared_checksums():
    for package in VENDORED.values():
        assert package["version"]
        assert package["licence"] == "MIT"
        for name, checksum in package["files"].items():
            assert hashlib.sha256(static_text(name).encode()).hexdigest() == checksum, name


def test_the_script_is_of_the_declared_version():
    assert f"(v{VENDORED['uPlot']['version']})" in static_text("uPlot.iife.min.js")[:100]
