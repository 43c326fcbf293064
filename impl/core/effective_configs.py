"""Which value of a configuration counts: of a topic, of a broker, or by default (Kafka's KafkaConfigSchema).

One rule: the nearest wins. A topic's own; else this broker's; else every broker's; else what the broker was started
with; else Kafka's default.
"""

from typing import NamedTuple

from impl.core.image import CLUSTER_DEFAULT, MetadataImage
from impl.core.topic_configs import KEYS, Key
from impl.core.types import NodeId

TOPIC, BROKER, CLUSTER, STATIC, DEFAULT = 1, 2, 3, 4, 5
"""Kafka's numbers for where a value is from (DescribeConfigsResponse.ConfigSource)."""


class Found(NamedTuple):
    """One value, under the name it was set by."""

    name: str
    value: str
    source: int


def overrides(image: MetadataImage, topic: str, node: NodeId) -> dict[str, str]:
    """What a broker's partitions of a topic go by instead of what the broker was started with."""
    found = {}
    for configs in (image.broker_configs.get(CLUSTER_DEFAULT, {}), image.broker_configs.get(str(node), {})):
        if configs:
            found.update({key.name: configs[key.broker_name] for key in KEYS.values() if key.broker_name in configs})
    found.update(image.topics[topic].configs)
    return found


def of_broker(key: Key, image: MetadataImage, node: NodeId, static: dict[str, str]) -> list[Found]:
    """The values of a configuration on a broker, the one that counts first."""
    found = []
    name = key.broker_name
    for source, configs in (
        (BROKER, image.broker_configs.get(str(node), {})),
        (CLUSTER, image.broker_configs.get(CLUSTER_DEFAULT, {})),
        (STATIC, static),
    ):
        if name and name in configs:
            found.append(Found(name, configs[name], source))
    return [*found, Found(name or key.name, key.default, DEFAULT)]


def of_topic(key: Key, image: MetadataImage, topic: str, node: NodeId, static: dict[str, str]) -> list[Found]:
    """The values of a configuration of a topic, as this broker has it; the one that counts first."""
    own = image.topics[topic].configs.get(key.name)
    found = of_broker(key, image, node, static)
    return found if own is None else [Found(key.name, own, TOPIC), *found]
