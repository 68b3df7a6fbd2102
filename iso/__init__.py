"""ISO 8583: bytes to messages and back, and nothing about payments.

Knows: specifications as data, a codec compiled from them, framing, the fuel sub-fields, and how to
show a message without its secrets. Must not know: anything else of this project, sockets, time.

    profile = iso.get("ifsf")
    for frame in Framer(profile.framing).feed(data):
        message = profile.codec.decode(frame.body)
"""

from iso.codec import Codec
from iso.describe import describe, describe_text, parse_input
from iso.errors import DecodeError, EncodeError, FramingError, IsoError, UnknownProfile
from iso.framing import FRAMINGS, Frame, Framer, Framing
from iso.message import Message
from iso.profiles import Profile, get

__all__ = [
    "FRAMINGS",
    "Codec",
    "DecodeError",
    "EncodeError",
    "Frame",
    "Framer",
    "Framing",
    "FramingError",
    "IsoError",
    "Message",
    "Profile",
    "UnknownProfile",
    "describe",
    "describe_text",
    "get",
    "parse_input",
]
