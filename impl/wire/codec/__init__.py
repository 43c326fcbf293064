"""From bytes to messages and back, by functions compiled from a schema.

Theory of operation: `schema` describes one version of one message as data, read off the field metadata of a kio
dataclass. `reader` and `writer` turn a description into the source of one Python function per structure, and compile
it; `codec` pairs the two and turns whatever a reader trips over into `Malformed`. Compiled on first use, then cached.

One rule: every length and every count is held against the bytes that are left before anything is allocated for it.
(kio's own reader is not used: it reserves memory for whatever count a frame claims, which aborts the process.)
"""

from impl.wire.codec.codec import Codec, codec_for

__all__ = ["Codec", "codec_for"]
