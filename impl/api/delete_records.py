"""DeleteRecords: a client drops what comes before an offset (KIP-107)."""

from itertools import groupby

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.messages import DeletedPartition, DeletedRecords, DeletePartition, DeleteRecords
from impl.core.types import ErrorCode, Offset, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsPartitionResult,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopic,
    DeleteRecordsTopicResult,
)

NO_OFFSET = -1


class DeleteRecordsHandler(CoreHandler[DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecords, DeletedRecords]):
    key = ApiKey.DELETE_RECORDS
    core_request = DeleteRecords
    sent_version = 2

    def request_to_core(self, version: int, message: DeleteRecordsRequest, names: TopicNames) -> DeleteRecords:
        del version, names
        return DeleteRecords(
            tuple(
                DeletePartition(TopicPartition(topic.name, part.partition_index), Offset(part.offset))
                for topic in message.topics
                for part in topic.partitions
            ),
            message.timeout,
        )

    def reply_to_wire(
        self, version: int, request: DeleteRecords, reply: DeletedRecords, names: TopicNames
    ) -> DeleteRecordsResponse:
        del version, request, names
        topics = groupby(reply.partitions, key=lambda part: part.partition.topic)
        return DeleteRecordsResponse(
            topics=tuple(
                DeleteRecordsTopicResult(
                    name=name,
                    partitions=tuple(
                        DeleteRecordsPartitionResult(
                            partition_index=part.partition.index,
                            low_watermark=part.low_watermark,
                            error_code=part.error,
                        )
                        for part in parts
                    ),
                )
                for name, parts in topics
            )
        )

    def request_to_wire(self, request: DeleteRecords, names: TopicNames) -> DeleteRecordsRequest:
        del names
        topics = groupby(request.partitions, key=lambda part: part.partition.topic)
        return DeleteRecordsRequest(
            topics=tuple(
                DeleteRecordsTopic(
                    name=name,
                    partitions=tuple(
                        DeleteRecordsPartition(partition_index=part.partition.index, offset=part.offset)
                        for part in parts
                    ),
                )
                for name, parts in topics
            ),
            timeout=request.timeout_ms,
        )

    def reply_to_core(self, message: DeleteRecordsResponse, names: TopicNames) -> DeletedRecords:
        del names
        return DeletedRecords(
            tuple(
                DeletedPartition(
                    TopicPartition(topic.name, part.partition_index),
                    error_of(part.error_code),
                    Offset(part.low_watermark),
                )
                for topic in message.topics
                for part in topic.partitions
            )
        )

    def refuse(self, version: int, message: DeleteRecordsRequest, error: ErrorCode) -> DeleteRecordsResponse:
        del version
        return DeleteRecordsResponse(
            topics=tuple(
                DeleteRecordsTopicResult(
                    name=topic.name,
                    partitions=tuple(
                        DeleteRecordsPartitionResult(
                            partition_index=part.partition_index, low_watermark=NO_OFFSET, error_code=error
                        )
                        for part in topic.partitions
                    ),
                )
                for topic in message.topics
            )
        )
