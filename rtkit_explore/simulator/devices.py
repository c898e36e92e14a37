"""Machines, networks and places that simulated people use; all made up, IP addresses from documentation ranges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rtkit_explore.simulator.participants import new_id

if TYPE_CHECKING:
    import random

    from rtkit_explore.simulator.plan import Person

NAMES = (
    "Alma", "Boris", "Chen", "Dana", "Emil", "Fatou", "Goran", "Hana", "Igor", "Jaya", "Kofi", "Lena", "Mateo",
    "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sami", "Tove", "Ugo", "Vera", "Wim", "Ximena", "Yusuf", "Zofia",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where somebody joins from, and the provider there."""

    city: str
    region: str
    country: str
    zone: str
    provider: str
    system: str


@dataclass(frozen=True)
class Browser:
    """A browser on an operating system; ``platform`` is how the user agent names the latter."""

    name: str
    version: str
    engine: str
    os: str
    os_version: str
    platform: str


PLACES = (
    Place("Lisbon", "Lisbon", "PT", "Europe/Lisbon", "Example Fibre", "AS64496"),
    Place("Graz", "Styria", "AT", "Europe/Vienna", "Example Cable", "AS64497"),
    Place("Pune", "Maharashtra", "IN", "Asia/Kolkata", "Example Broadband", "AS64498"),
    Place("Austin", "Texas", "US", "America/Chicago", "Example Telecom", "AS64499"),
    Place("Osaka", "Osaka", "JP", "Asia/Tokyo", "Example Net", "AS64500"),
    Place("Accra", "Greater Accra", "GH", "Africa/Accra", "Example Mobile", "AS64501"),
)

BROWSERS = (
    Browser("Chrome", "141.0.0.0", "Blink", "macOS", "15.5", "Macintosh; Intel Mac OS X 10_15_7"),
    Browser("Chrome", "142.0.0.0", "Blink", "Windows", "11", "Windows NT 10.0; Win64; x64"),
    Browser("Microsoft Edge", "142.0.0.0", "Blink", "Windows", "11", "Windows NT 10.0; Win64; x64"),
    Browser("Chrome", "140.0.0.0", "Blink", "Linux", "", "X11; Linux x86_64"),
)

PHONE_BROWSER = Browser("Chrome", "142.0.0.0", "Blink", "Android", "15", "Linux; Android 10; K")

FIREFOXES = (
    Browser("Firefox", "153.0", "Gecko", "Windows", "11", "Windows NT 10.0; Win64; x64"),
    Browser("Firefox", "152.0", "Gecko", "Linux", "", "X11; Linux x86_64"),
)

FIREFOX_SHARE = 0.12
"""How many of those at a desktop use Firefox, unless told."""

HEADSETS = ("Jabra Evolve2 65", "AirPods Pro", "Poly Voyager 4320", "Sennheiser SC 165 USB")
CAMERAS = ("FaceTime HD Camera", "Integrated Camera", "Logitech C920", "HP TrueVision HD")


@dataclass(frozen=True)
class Ports:
    """Ports of the two transports: the machine's own, and those at the far end."""

    producing: int
    consuming: int
    far_producing: int
    far_consuming: int


@dataclass(frozen=True)
class Machine:
    """What somebody joins from."""

    browser: Browser
    cpus: int
    phone: bool
    place: Place
    address: str
    headset: dict[str, str]
    built_in: dict[str, str]
    camera: dict[str, str]
    speaker: dict[str, str]
    ports: Ports

    @property
    def firefox(self) -> bool:
        """Whether the browser is Firefox."""
        return self.browser.engine == "Gecko"


def facing_each_other(machines: dict[str, Machine]) -> dict[str, Machine]:
    """Let the far end of two people's pairs be each other: without a server in between they name the same two ports."""
    ports = {name: machine.ports.producing for name, machine in machines.items()}
    found = {}
    for name, machine in machines.items():
        far = next((port for other, port in ports.items() if other != name), machine.ports.far_producing)
        found[name] = replace(machine, ports=replace(machine.ports, far_producing=far, far_consuming=far))
    return found


def machine_of(person: Person, chance: random.Random, *, mixed: bool = True) -> Machine:
    """Choose somebody's machine from the seed. Without ``mixed``, only those who ask for Firefox get it."""

    def device(kind: str, label: str) -> dict[str, str]:
        return {"device_id": new_id(chance), "kind": kind, "label": label}

    phone = person.device == "phone"
    headset = chance.choice(HEADSETS)
    drawn, chrome = chance.random(), chance.choice(BROWSERS)
    browser = PHONE_BROWSER if phone else chrome
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
        ports=Ports(
            producing=chance.randrange(40000, 65000),
            consuming=chance.randrange(40000, 65000),
            far_producing=chance.randrange(40000, 50000),
            far_consuming=chance.randrange(40000, 50000),
        ),
    )


def browser_metadata(machine: Machine) -> dict[str, Any]:
    """Write the report's block of that name."""
    name, version, engine = machine.browser.name, machine.browser.version, machine.browser.engine
    platform = machine.browser.platform
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
        "os": machine.browser.os,
        "os_version": machine.browser.os_version,
    }


def ip_information(machine: Machine) -> dict[str, Any]:
    """Write the report's block of that name; AS numbers and IP addresses are those reserved for documentation."""
    place = machine.place
    org, number = place.provider, place.system
    domain = f"{org.lower().replace(' ', '-')}.example"
    return {
        "asn": {"asn": number, "domain": domain, "name": org, "route": "203.0.113.0/24", "type": "isp"},
        "city": place.city,
        "country": place.country,
        "ipv4": machine.address,
        "org": f"{number} {org}",
        "region": place.region,
        "timezone": place.zone,
    }
