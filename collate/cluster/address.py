"""Which address of a Ray cluster may be used. Imports no Ray.

Who reaches the ports of a cluster without token authentication runs code on it (CVE-2023-48022).
So an address of another machine is taken only where a token is configured; this machine's loopback
is always fine.
"""

import ipaddress
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

NEEDS_TOKEN = (
    "Ray carries out what anybody sends to this address unless token authentication is on "
    "(CVE-2023-48022), and no token is configured here. Start the cluster with RAY_AUTH_MODE=token "
    "and give its token by RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token"
)
_GCS = re.compile(r"(?:ray://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})")


def cluster_address(address: str | None) -> str | None:
    """The address of a cluster to join: that of the settings, else RAY_ADDRESS; None for neither.

    `local` asks for a Ray of this machine, as None does.
    """
    wanted_address = address or os.environ.get("RAY_ADDRESS")
    return None if wanted_address == "local" else wanted_address


def address_problems(address: str | None) -> list[str]:
    """What stands against `ray.address` or RAY_ADDRESS, found without connecting."""
    wanted_address = cluster_address(address)
    # With auto Ray finds a cluster on this machine by itself.
    if wanted_address is None or wanted_address == "auto":
        return []
    shown_setting = f"ray.address={wanted_address}" if address else f"RAY_ADDRESS={wanted_address}"
    if "://" in wanted_address and not wanted_address.startswith("ray://"):
        return [
            f"{shown_setting}: expected host:port of a cluster, for example 127.0.0.1:6379; an "
            "http address is for collate submit --address"
        ]
    host_port = host_and_port(wanted_address)
    if host_port is None:
        return [
            f"{shown_setting}: expected host:port of a cluster, for example 127.0.0.1:6379, or auto"
        ]
    # Inside of a job the address is Ray's own choice, and nobody's setting.
    if is_loopback(host_port[0]) or has_token() or (not address and in_ray_job()):
        return []
    return [f"{shown_setting}: {NEEDS_TOKEN}"]


def dashboard_problems(address: str) -> list[str]:
    """What stands against the address of a cluster's job server, found without connecting."""
    try:
        url_parts = urlsplit(address)
        host = url_parts.hostname if url_parts.scheme in ("http", "https") else None
        # A port that is no number is refused when it is looked at, with a ValueError.
        _ = url_parts.port
    except ValueError:
        host = None
    if host is None:
        return [f"--address {address}: expected http://HOST:8265, the address of the dashboard"]
    if is_loopback(host) or has_token():
        return []
    return [f"--address {address}: {NEEDS_TOKEN}; or reach it through a tunnel to 127.0.0.1"]


def host_and_port(address: str) -> tuple[str, int] | None:
    """Host and port of `host:port` or `ray://host:port`; None for anything else."""
    match = _GCS.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 65536:
        return None
    return match["host"].strip("[]"), int(match["port"])


def is_loopback(host: str) -> bool:
    """Whether a host names this machine's loopback."""
    if host.lower() == "localhost":
        return True
    try:
        # A name other than localhost may stand for any machine, and is not looked up.
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def has_token() -> bool:
    """Whether Ray's clients have a token to send, and are not told to send none."""
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        return False
    path_setting = os.environ.get("RAY_AUTH_TOKEN_PATH")
    token_file = Path(path_setting) if path_setting else Path.home() / ".ray" / "auth_token"
    return bool(os.environ.get("RAY_AUTH_TOKEN")) or token_file.is_file()


def use_token() -> None:
    """Have Ray's clients send the token that is there; they do so only when they are told to."""
    if has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def in_ray_job() -> bool:
    """Whether this process was started by a Ray cluster, which then set RAY_ADDRESS itself."""
    return "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ
