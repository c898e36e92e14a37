"""Machines, networks and places that simulated people use; all made up, addresses from documentation ranges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rtkit_explore.simulator.participants import new_id

if TYPE_CHECKING:
    import random

    from rtkit_explore.simulator.plan import Person

NAMES = (
    "Alma", "Boris", "Chen", "Dana", "Emil", "Fatou", "Goran", "Hana", "Igor", "Jaya", "Kofi", "Lena", "Mateo",
    "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sami", "Tove", "Ugo", "Vera", "Wim", "Ximena", "Yusuf", "Zofia",
)  # fmt: skip

PLACES = (
    ("Lisbon", "Lisbon", "PT", "Europe/Lisbon", "Example Fibre", "AS64496"),
    ("Graz", "Styria", "AT", "Europe/Vienna", "Example Cable", "AS64497"),
    ("Pune", "Maharashtra", "IN", "Asia/Kolkata", "Example Broadband", "AS64498"),
    ("Austin", "Texas", "US", "America/Chicago", "Example Telecom", "AS64499"),
    ("Osaka", "Osaka", "JP", "Asia/Tokyo", "Example Net", "AS64500"),
    ("Accra", "Greater Accra", "GH", "Africa/Accra", "Example Mobile", "AS64501"),
)

BROWSERS = (
    ("Chrome", "141.0.0.0", "Blink", "macOS", "15.5", "Macintosh; Intel Mac OS X 10_15_7"),
    ("Chrome", "142.0.0.0", "Blink", "Windows", "11", "Windows NT 10.0; Win64; x64"),
    ("Microsoft Edge", "142.0.0.0", "Blink", "Windows", "11", "Windows NT 10.0; Win64; x64"),
    ("Chrome", "140.0.0.0", "Blink", "Linux", "", "X11; Linux x86_64"),
)

FIREFOXES = (
    ("Firefox", "153.0", "Gecko", "Windows", "11", "Windows NT 10.0; Win64; x64"),
    ("Firefox", "152.0", "Gecko", "Linux", "", "X11; Linux x86_64"),
)
FIREFOX_SHARE = 0.12
"""How many of those at a desktop use Firefox, unless told."""

HEADSETS = ("Jabra Evolve2 65", "AirPods Pro", "Poly Voyager 4320", "Sennheiser SC 165 USB")
CAMERAS = ("FaceTime HD Camera", "Integrated Camera", "Logitech C920", "HP TrueVision HD")


@dataclass(frozen=True)
class Machine:
    """What somebody joins from."""

    browser: tuple[str, str, str, str, str, str]
    cpus: int
    phone: bool
    place: tuple[str, str, str, str, str, str]
    address: str
    headset: dict[str, str]
    built_in: dict[str, str]
    camera: dict[str, str]
    speaker: dict[str, str]
    ports: tuple[int, int, int, int] = field(default=(0, 0, 0, 0))

    @property
    def firefox(self) -> bool:
        """Whether the browser is Firefox."""
        return self.browser[2] == "Gecko"


def machine_of(person: Person, chance: random.Random, *, mixed: bool = True) -> Machine:
    """Give somebody a machine; the same seed gives the same one. Unless ``mixed``, nobody is given Firefox unasked."""

    def device(kind: str, label: str) -> dict[str, str]:
        return {"device_id": new_id(chance), "kind": kind, "label": label}

    phone = person.device == "phone"
    headset = chance.choice(HEADSETS)
    drawn, chrome = chance.random(), chance.choice(BROWSERS)
    browser = ("Chrome", "142.0.0.0", "Blink", "Android", "15", "Linux; Android 10; K") if phone else chrome
    if person.browser == "firefox" or (mixed and not (person.browser or phone) and drawn < FIREFOX_SHARE):
        browser = FIREFOXES[int(drawn * 1e6) % len(FIREFOXES)]
    return Machine(
        browser=browser,
        cpus=8 if phone else chance.choice((4, 8, 8, 10, 12)),
        phone=phone,
        place=chance.choice(PLACES),
        address=f"203.0.{113}.{chance.randrange(2, 250)}",
        headset=device("audioinput", f"{headset} (microphone)"),
        built_in=device("audioinput", "Built-in microphone"),
        camera=device("videoinput", chance.choice(CAMERAS)),
        speaker=device("audiooutput", headset),
        ports=(
            chance.randrange(40000, 65000),
            chance.randrange(40000, 65000),
            chance.randrange(40000, 50000),
            chance.randrange(40000, 50000),
        ),
    )


def browser_metadata(machine: Machine) -> dict[str, Any]:
    """Write the report's block of that name."""
    name, version, engine, _, _, platform = machine.browser
    suffix = f" Edg/{version}" if name == "Microsoft Edge" else ""
    rendering = version.partition(".")[0] + ".0"
    agent = f"Mozilla/5.0 ({platform}; rv:{rendering}) Gecko/20100101 Firefox/{rendering}"
    if engine != "Gecko":
        agent = (
            f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version} Safari/537.36{suffix}"
        )
    return {
        "browser": name,
        "browser_version": version,
        "engine": engine,
        "user_agent": agent,
        "webgl_support": True,
    }


def device_info(machine: Machine) -> dict[str, Any]:
    """Write the report's block of that name."""
    return {
        "cpus": machine.cpus,
        "is_mobile": machine.phone,
        "os": machine.browser[3],
        "os_version": machine.browser[4],
    }


def ip_information(machine: Machine) -> dict[str, Any]:
    """Write the report's block of that name; autonomous systems and addresses are those reserved for documentation."""
    city, region, country, zone, org, number = machine.place
    domain = f"{org.lower().replace(' ', '-')}.example"
    return {
        "asn": {"asn": number, "domain": domain, "name": org, "route": "203.0.113.0/24", "type": "isp"},
        "city": city,
        "country": country,
        "ipv4": machine.address,
        "org": f"{number} {org}",
        "region": region,
        "timezone": zone,
    }
