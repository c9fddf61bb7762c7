"""Broker addresses: `mqtt://user:password@host:1883`, `mqtts://`, `ws://`, `wss://`, `memory://`."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from cnc.errors import ConfigurationError

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 9001, "wss": 443}
SCHEMES = "mqtt://, mqtts://, ws://, wss:// or memory://NAME"


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho forgets it then without closing it."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


@dataclass(frozen=True)
class BrokerAddress:
    """Where a broker is and how to enter; never print it, print `shown`."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = None
    path: str = ""
    authority_file: str | None = None
    """`?ca=FILE`: certificate authority to trust instead of the system's."""
    certificate_file: str | None = None
    key_file: str | None = None

    @property
    def shown(self) -> str:
        """The address without its password."""
        user = f"{self.username}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.scheme == "memory" else f":{self.port}"
        return f"{self.scheme}://{user}{host}{port}{self.path}"

    @property
    def encrypted(self) -> bool:
        """Whether TLS is used."""
        return self.scheme in ("mqtts", "wss")

    def tls_context(self) -> ssl.SSLContext | None:
        """A verifying TLS context for an encrypted address, else None; reads files.

        Raises:
            ConfigurationError: a certificate file cannot be read.
        """
        if not self.encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.authority_file)
            context.sslsocket_class = _ClosingSocket
            if self.certificate_file is not None:
                context.load_cert_chain(self.certificate_file, self.key_file)
        except OSError as error:
            raise ConfigurationError(
                f"the certificates for {self.shown} cannot be read ({error}); check the files "
                "named by ca=, cert= and key= in the broker's address"
            ) from error
        return context


def parse_address(url: str) -> BrokerAddress:
    """Read a broker URL.

    Raises:
        ConfigurationError: the scheme is unknown, the host is missing, or the port is no port.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"the broker's address has no valid port: {error}") from error
    known = parts.scheme in DEFAULT_PORTS or parts.scheme == "memory"
    if not known or not parts.hostname:
        raise ConfigurationError(
            f"a broker's address begins with {SCHEMES} and names a host, for example "
            f"mqtt://127.0.0.1:1883; scheme {parts.scheme!r} and host {parts.hostname!r} do not"
        )
    query = parse_qs(parts.query)
    unknown = set(query) - {"ca", "cert", "key"}
    if unknown:
        raise ConfigurationError(
            f"unknown option {sorted(unknown)[0]!r} in the broker's address; ca, cert and key "
            "(files) are known"
        )
    return BrokerAddress(
        scheme=parts.scheme,
        host=parts.hostname if parts.scheme != "memory" else parts.netloc,
        port=port or DEFAULT_PORTS.get(parts.scheme, 0),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        path=parts.path,
        authority_file=query.get("ca", [None])[0],
        certificate_file=query.get("cert", [None])[0],
        key_file=query.get("key", [None])[0],
    )
