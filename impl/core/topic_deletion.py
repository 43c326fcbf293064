"""How the controller deletes topics (ReplicationControlManager.deleteTopics).

One rule: a topic goes with its partitions and its configuration in one record. A topic made under the same name later
is another one.
"""

from collections import Counter

from impl.core.admin_messages import DeletedTopic
from impl.core.decisions import Decisions
from impl.core.metadata import RemoveTopicRecord
from impl.core.topic_creation import NO_TOPIC_ID
from impl.core.types import NO_ERROR, ErrorCode

DISABLED = "Topic deletion is disabled."
UNKNOWN = "This server does not host this topic-partition."


def delete_topics(names: tuple[str, ...], decisions: Decisions) -> tuple[DeletedTopic, ...]:
    """Decide on each topic of a request, in its order."""
    times = Counter(names)
    deleted = []
    for name in names:
        topic = decisions.image.topics.get(name)
        if times[name] > 1:
            outcome = DeletedTopic(name, NO_TOPIC_ID, ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
        elif not decisions.settings.delete_topic_enable:
            outcome = DeletedTopic(name, NO_TOPIC_ID, ErrorCode.TOPIC_DELETION_DISABLED, DISABLED)
        elif topic is None:
            outcome = DeletedTopic(name, NO_TOPIC_ID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN)
        else:
            decisions.decide(RemoveTopicRecord(topic.topic_id))
            outcome = DeletedTopic(name, topic.topic_id, NO_ERROR, None)
        deleted.append(outcome)
    return tuple(deleted)
