"""Who gets the stream: follows the table of nodes and keeps the fan-out's targets in step."""

from lightwave_hub.conductor import Conductor
from lightwave_hub.datagrams import Target
from lightwave_hub.fanout import FanOut
from lightwave_hub.node import STREAMING, Node
from lightwave_hub.registry import Change, NodeTable


class StreamTargets:
    """One target for each session that is AUTHED, READY or DEGRADED."""

    def __init__(self, table: NodeTable, conductor: Conductor, fanout: FanOut, udp_port: int) -> None:
        self._conductor = conductor
        self._fanout = fanout
        self._udp_port = udp_port
        self._targets: dict[Node, Target] = {}
        table.subscribe(self._on_change)

    def send_errors(self, node: Node) -> int:
        """Datagrams of this session that this machine could not send."""
        target = self._targets.get(node)
        return 0 if target is None else target.send_errors

    def _on_change(self, change: Change) -> None:
        streams = change.new in STREAMING
        if streams and change.node not in self._targets:
            node = change.node
            target = Target(node.node_id, node.mac, (node.ip, self._udp_port), node.token_hash)
            self._targets[node] = target
            self._fanout.add(target)
        elif not streams and change.node in self._targets:
            self._fanout.remove(self._targets.pop(change.node))
            self._conductor.tidy()  # nobody else may have a reason for long
