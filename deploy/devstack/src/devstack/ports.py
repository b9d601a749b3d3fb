"""Which process listens where on 127.0.0.1."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from devstack.processes import StackError, free_ports


@dataclass(frozen=True)
class Ports:
    """Ports of every process; each can be set by the environment variable `<NAME>_PORT`."""

    gateway: int = 8000
    registry: int = 8001
    targets: int = 8002
    feedback: int = 8003
    oversight: int = 8004
    webhooks: int = 8005
    postgres: int = 54320
    nats: int = 42220
    nats_monitor: int = 42280

    @classmethod
    def names(cls) -> list[str]:
        """Names in the order `from_base` counts them."""
        return [field.name for field in fields(cls)]

    @classmethod
    def from_base(cls, base: int) -> Self:
        """Nine ports in a row: gateway on `base`, then the services, PostgreSQL, NATS and its monitor."""
        return cls(**{name: base + step for step, name in enumerate(cls.names())})

    @classmethod
    def free(cls) -> Self:
        """Ports nobody uses at this moment, for tests and the demo."""
        return cls(**dict(zip(cls.names(), free_ports(len(cls.names())), strict=True)))

    @classmethod
    def chosen(cls, base: int | None = None, environment: Mapping[str, str] = os.environ) -> Self:
        """Defaults or `base`, then what the environment says; StackError for a value that is no port."""
        start = cls.from_base(base) if base is not None else cls()
        ports = {name: getattr(start, name) for name in cls.names()}
        for name in ports:
            given = environment.get(f"{name.upper()}_PORT")
            if given:
                if not given.isdigit():
                    raise StackError(f"{name.upper()}_PORT={given!r} is not a port number")
                ports[name] = int(given)
        for name, port in ports.items():
            if not 1 <= port <= 65_535:
                raise StackError(f"port {port} for {name} is outside 1 to 65535")
        if len(set(ports.values())) != len(ports):
            raise StackError(f"two processes have the same port: {ports}")
        return cls(**ports)

    def of(self, name: str) -> int:
        """Port of the process `name`."""
        return int(getattr(self, name))

    def variable(self, name: str) -> str:
        """How a person changes the port of `name`."""
        return f"--port-base or the environment variable {name.upper()}_PORT"
