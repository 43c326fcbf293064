"""The processes of a world: the controller, the brokers on their disks, and the clients.

One rule: whoever needs a number of its own (a node, an incarnation, a client) gets it from its place here.
"""

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from impl.core.decided_facts import Fact
from impl.core.names import controller_nodes, node_name
from impl.core.quorum.facts import QuorumFact
from impl.core.settings import Voter
from impl.core.types import NodeId
from impl.host.broker import BrokerHost, MakeBroker
from impl.host.controller import ControllerHost, MakeController, MakeQuorum
from impl.sim.administrator import Administrator
from impl.sim.asker import Asker
from impl.sim.choices import Key
from impl.sim.client import Client, Target
from impl.sim.consumer import Consumer
from impl.sim.disk import SimDisk
from impl.sim.faults import CONTROLLER_PROCESS, process_name
from impl.sim.ledger import Report
from impl.sim.process import Host, Process
from impl.sim.producer import Producer
from impl.sim.remaker import Remaker
from impl.sim.scenario import TOPIC, Scenario
from impl.sim.trimmer import Trimmer

CLIENT_TICK_MS = 50
JITTER_VALUES = 8
"""By one of so many numbers a start of a controller spreads its election timeouts."""
BASE_PORT = 9092

Choose = Callable[[Key, int], int]
Record = Callable[[str, list[Fact]], None]
RecordQuorum = Callable[[str, list[QuorumFact]], None]
"""Called with a node's name and what one of its steps did."""


class Population:
    """Builds every process of a scenario; none is started yet."""

    def __init__(
        self,
        scenario: Scenario,
        record: Record,
        record_quorum: RecordQuorum,
        report: Report,
        make_broker: MakeBroker,
        make_controller: MakeController,
        make_quorum: MakeQuorum,
        make_host: type[BrokerHost],
        make_producer: type[Producer],
        choose: Choose,
    ) -> None:
        self._nodes = controller_nodes(scenario.controllers)
        self._settings = replace(scenario.settings, voters=tuple(Voter(node) for node in self._nodes))
        self._scenario = scenario
        self._record = record
        self._record_quorum = record_quorum
        self._report = report
        self._make_broker = make_broker
        self._make_controller = make_controller
        self._make_quorum = make_quorum
        self._make_host = make_host
        self._make_producer = make_producer
        self._choose = choose
        self.processes: list[Process] = [self._controller(CONTROLLER_PROCESS, self._nodes[0])]
        self.processes += [self._broker(number) for number in range(1, scenario.brokers + 1)]
        self.producers = [self._producer(number) for number in range(1, scenario.clients + 1)]
        """Each with its process."""
        self.trimmers: list[tuple[Process, Trimmer]] = []
        """Consumers that have records deleted, each with its process."""
        self.consumers: list[Consumer] = []
        for number in range(scenario.clients + 1, scenario.clients + scenario.consumers + 1):
            if scenario.deletes:
                trimmer = Trimmer(self._client_name(number), number, self._target(), report)
                self.consumers.append(trimmer)
                self.trimmers.append((self._client(trimmer), trimmer))
            else:
                self.consumers.append(Consumer(self._client_name(number), number, self._target(), report))
                self._client(self.consumers[-1])
        number = scenario.clients + scenario.consumers + 1
        name = self._client_name(number)
        make_auditor = Remaker if scenario.remakes else Asker
        self.auditor: Asker = make_auditor(name, number, self._target(), scenario.replication, report)
        self.auditor_process = self._client(self.auditor)
        self.processes += [
            self._controller(index, node)
            for index, node in zip(scenario.controller_processes[1:], self._nodes[1:], strict=True)
        ]
        self.administrator: tuple[Process, Administrator] | None = None
        """With its process, which comes last."""
        if scenario.administers:
            administrator = Administrator(self._client_name(number + 1), self._target())
            self.administrator = (self._client(administrator), administrator)

    # ------------------------------------------------------------ nodes
    def _controller(self, index: int, node: NodeId) -> Process:
        process = self._node(index, node)

        def make_host(life: int) -> Host:
            assert process.disk is not None
            alone = len(self._nodes) == 1
            return ControllerHost(
                process.disk,
                replace(self._settings, node=node),
                record=partial(self._record, process.name),
                record_quorum=partial(self._record_quorum, process.name),
                jitter=0 if alone else self._choose(("jitter", process.name, life), JITTER_VALUES),
                make_controller=self._make_controller,
                make_quorum=self._make_quorum,
            )

        process.make_host = make_host
        return process

    def _broker(self, number: int) -> Process:
        process = self._node(number, NodeId(number))

        def make_host(life: int) -> Host:
            assert process.disk is not None
            log, settings = self._scenario.configured(process.configuration)
            return self._make_host(
                process.disk,
                replace(settings, voters=self._settings.voters, node=NodeId(number)),
                log,
                host=process.name,
                port=BASE_PORT,
                incarnation=((number << 64) + life + 1).to_bytes(16, "big"),
                record=partial(self._record, process.name),
                make_broker=self._make_broker,
                upkeep=self._scenario.upkeep,
            )

        process.make_host = make_host
        return process

    def _node(self, index: int, node: NodeId) -> Process:
        process = Process(index, node_name(node), node, self._scenario.settings.tick_ms)
        process.disk = SimDisk()
        process.is_node = True
        return process

    # ------------------------------------------------------------ clients
    def _producer(self, number: int) -> tuple[Process, Producer]:
        scenario = self._scenario
        producer = self._make_producer(
            self._client_name(number),
            number,
            self._target(),
            keys=scenario.keys,
            acks=scenario.acks,
            idempotent=number > scenario.plain_clients,
            report=self._report,
        )
        return self._client(producer), producer

    def _client(self, client: Client) -> Process:
        process = Process(len(self.processes), client.name, NodeId(-1), CLIENT_TICK_MS)
        process.handle = client.handle
        process.topics = client.topics
        self.processes.append(process)
        return process

    def _client_name(self, number: int) -> str:
        return process_name(self._scenario.brokers + number, self._scenario.brokers)

    def _target(self) -> Target:
        scenario = self._scenario
        return Target(TOPIC, scenario.partitions, scenario.brokers, scenario.remakes)
