"""ApiVersions: which APIs this listener serves, in which versions. The first thing most clients ask."""

from collections.abc import Sequence

from impl.api.handler import Handler, Immediate
from impl.api.names import TopicNames
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.api_versions import ApiVersion, ApiVersionsRequest, ApiVersionsResponse


class ApiVersionsHandler(Handler[ApiVersionsRequest, ApiVersionsResponse]):
    key = ApiKey.API_VERSIONS

    def __init__(self, advertised: Sequence[tuple[int, int, int]]) -> None:
        """`advertised`: (API key, first version, last version) of all that the listener serves."""
        self._api_keys = tuple(
            ApiVersion(api_key=key, min_version=first, max_version=last) for key, first, last in sorted(advertised)
        )

    def request_to_core(self, version: int, message: ApiVersionsRequest, names: TopicNames) -> Immediate:
        del version, message, names
        return Immediate(ApiVersionsResponse(api_keys=self._api_keys))

    def refuse(self, version: int, message: ApiVersionsRequest, error: ErrorCode) -> ApiVersionsResponse:
        del version, message
        return ApiVersionsResponse(error_code=error)
