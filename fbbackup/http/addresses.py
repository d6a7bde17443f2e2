"""Which addresses may be connected to: public ones over https, plus what the configuration names."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from fbbackup.errors import ConfigError

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")


class AddressRefused(OSError):
    """The address is not one that may be connected to. The text names the host, never the query."""


@dataclass(frozen=True, slots=True)
class HostRules:
    """Where connections may go.

    `api` is the origin that the token belongs to, or None. With `loopback` (the API is on this machine)
    http and loopback addresses are allowed on any port. `allowed` holds `host` or `host:port`, allowed in any case.
    """

    api: URL | None = None
    allowed: frozenset[str] = frozenset()
    loopback: bool = False

    @classmethod
    def of(cls, api_url: str | None, allow_hosts: tuple[str, ...] = ()) -> HostRules:
        """Rules for an API base address. Raises ConfigError when a token would travel unencrypted."""
        allowed = frozenset(host.strip().lower() for host in allow_hosts)
        if api_url is None:
            return cls(allowed=allowed)
        try:
            api = URL(api_url).origin()
        except ValueError as error:
            raise ConfigError(f"api_url is no usable address: {error}") from None
        loopback = _is_loopback_name(api.host or "")
        rules = cls(api, allowed, loopback)
        if api.scheme != "https" and not (loopback or rules.names(api.host or "", api.port)):
            raise ConfigError("api_url must start with https:// unless it is on this machine")
        return rules

    def names(self, host: str, port: int | None) -> bool:
        """Whether the configuration names this host."""
        return host.lower() in self.allowed or f"{host.lower()}:{port}" in self.allowed

    def is_api(self, url: URL) -> bool:
        """Whether the token may be sent there."""
        return self.api is not None and url.origin() == self.api

    def vet(self, url: URL) -> None:
        """Raises AddressRefused unless scheme and host may be used; names are vetted again when resolved."""
        host = url.host or ""
        if url.scheme not in ("http", "https") or not host:
            raise AddressRefused(f"only https addresses are read, not {url.scheme or 'relative'} ones")
        if url.user is not None or url.password is not None:
            raise AddressRefused(f"an address with a login in it is not used ({host})")
        named = self.names(host, url.port)
        if url.scheme == "http" and not (named or (self.loopback and _is_loopback_name(host))):
            raise AddressRefused(f"unencrypted address refused ({host})")
        literal = _literal(host)
        if literal is not None:
            self.vet_ip(literal, host, url.port)

    def vet_ip(self, ip: _Ip, host: str, port: int | None) -> None:
        """Raises AddressRefused unless `ip` is public or `host` is allowed to be elsewhere."""
        if self.names(host, port) or is_public(ip):
            return
        if self.loopback and _unmapped(ip).is_loopback:
            return
        if self.api is not None and (host, port) == (self.api.host, self.api.port):
            return
        raise AddressRefused(f"{host} is at {ip}, which is no public address")


def is_public(ip: _Ip) -> bool:
    """Whether an address is reachable for everyone, looking through NAT64, 6to4 and mapped forms."""
    ip = _unmapped(ip)
    if ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_link_local or not ip.is_global:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return not (ip.is_site_local or ip in _NAT64_LOCAL or ip.teredo)
    return True


def _unmapped(ip: _Ip) -> _Ip:
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


@lru_cache(maxsize=256)
def _literal(host: str) -> _Ip | None:
    """The address that a host spells out, None for a name. Octal, hex and shortened forms are refused."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        socket.inet_aton(host.rstrip("."))
    except (OSError, UnicodeError):
        return None
    raise AddressRefused(f"{host} spells an address in an unusual way")


@lru_cache(maxsize=256)
def _is_loopback_name(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class VettedResolver(AbstractResolver):
    """Hands out only vetted addresses, so that what was checked is what is connected to."""

    def __init__(self, rules: HostRules, inner: AbstractResolver | None = None) -> None:
        self._rules = rules
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._inner is None:
            self._inner = ThreadedResolver()  # needs the running loop
        found = await self._inner.resolve(host, port, family)
        for entry in found:
            self._rules.vet_ip(ipaddress.ip_address(entry["host"].split("%")[0]), host, port)
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()
