"""DescribeCluster: which brokers there are (KIP-700).

One rule: nobody is told of rights, because there are none: the field says that it was not computed.
"""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.admin_messages import ClusterBroker, DescribeCluster, DescribedCluster
from impl.core.types import ErrorCode, NodeId
from impl.wire.apis import ApiKey
from impl.wire.messages.describe_cluster import DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse


class DescribeClusterHandler(
    CoreHandler[DescribeClusterRequest, DescribeClusterResponse, DescribeCluster, DescribedCluster]
):
    key = ApiKey.DESCRIBE_CLUSTER
    core_request = DescribeCluster
    sent_version = 2

    def __init__(self, cluster_id: str) -> None:
        self.cluster_id = cluster_id

    def request_to_core(self, version: int, message: DescribeClusterRequest, names: TopicNames) -> DescribeCluster:
        del version, names
        return DescribeCluster(message.include_fenced_brokers, message.endpoint_type)

    def reply_to_wire(
        self, version: int, request: DescribeCluster, reply: DescribedCluster, names: TopicNames
    ) -> DescribeClusterResponse:
        del version, names
        return DescribeClusterResponse(
            error_code=reply.error,
            error_message=reply.message,
            endpoint_type=request.endpoint,
            cluster_id=self.cluster_id,
            controller_id=reply.controller,
            brokers=tuple(
                DescribeClusterBroker(broker_id=each.node, host=each.host, port=each.port, is_fenced=each.fenced)
                for each in reply.brokers
            ),
        )

    def request_to_wire(self, request: DescribeCluster, names: TopicNames) -> DescribeClusterRequest:
        del names
        return DescribeClusterRequest(endpoint_type=request.endpoint, include_fenced_brokers=request.fenced_too)

    def reply_to_core(self, message: DescribeClusterResponse, names: TopicNames) -> DescribedCluster:
        del names
        return DescribedCluster(
            error_of(message.error_code),
            message.error_message,
            NodeId(message.controller_id),
            tuple(
                ClusterBroker(NodeId(each.broker_id), each.host, each.port, each.is_fenced) for each in message.brokers
            ),
        )

    def refuse(self, version: int, message: DescribeClusterRequest, error: ErrorCode) -> DescribeClusterResponse:
        del version
        return DescribeClusterResponse(
            error_code=error, endpoint_type=message.endpoint_type, cluster_id=self.cluster_id
        )
