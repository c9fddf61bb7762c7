"""What the broker's reason codes mean for us: fall back, give up, or try again."""

from __future__ import annotations

import ssl

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

from cnc.bus.address import BrokerAddress
from cnc.errors import PublishRefusedError

UNSUPPORTED_VERSION = frozenset({1, 132})
"""MQTT 3.1.1 return code and MQTT 5 reason code: the broker does not speak this version."""
_CREDENTIALS = frozenset({4, 5, 134, 135, 140})
_CLIENT = {
    2: "the client identifier is not accepted",
    133: "the client identifier is not accepted",
    138: "this client is banned",
    157: "the broker moved to another address",
}
SESSION_TAKEN_OVER = 142


def reason_value(code: int | ReasonCode | None) -> int:
    """The number of a reason code of either version; -1 when there is none."""
    if code is None:
        return -1
    return code if isinstance(code, int) else int(code.value)


def taken_over(problem: BaseException | None) -> bool:
    """Whether the broker ended the connection because the same client id came again."""
    return (
        isinstance(problem, aiomqtt.MqttCodeError)
        and reason_value(problem.rc) == SESSION_TAKEN_OVER
    )


def refusal(error: aiomqtt.MqttError, address: BrokerAddress) -> PublishRefusedError | None:
    """A permanent error with advice if connecting again cannot help, else None."""
    cause = error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return PublishRefusedError(
            f"the certificate of {address.shown} is not trusted ({cause.verify_message}); name "
            "its authority with ?ca=FILE in the broker's address"
        )
    if not isinstance(error, MqttConnectError):
        return None
    value = reason_value(error.rc)
    if value in _CREDENTIALS:
        return PublishRefusedError(
            f"the broker at {address.shown} refuses these credentials ({error}); put the user "
            "and password into its address: mqtt://USER:PASSWORD@HOST"
        )
    if value in _CLIENT:
        return PublishRefusedError(f"{address.shown}: {_CLIENT[value]} ({error})")
    if value in UNSUPPORTED_VERSION:
        return PublishRefusedError(
            f"the broker at {address.shown} refuses this version of MQTT ({error}); cnc needs 5 "
            "or 3.1.1: use Mosquitto 2, or NATS 2.10 or newer"
        )
    return None
