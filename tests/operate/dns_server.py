"""A DNS server on the loopback address that answers with given records, over UDP (RFC 1035)."""

from __future__ import annotations

import socketserver
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset


def zone_of(records: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The values by name and type, as a zone file has them, of the output `dnsRecords`."""
    zone: dict[tuple[str, str], list[str]] = {}
    for record in records:
        text = f'"{record["value"]}"' if record["type"] == "TXT" else f"{record['value']}."
        zone.setdefault((record["name"].lower(), record["type"]), []).append(text)
    return zone


@contextmanager
def serving(zone: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    """Answer each query from the current `zone`; yields the server's address and port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            packet: tuple[bytes, Any] = self.request
            self._answer(*packet)

        def _answer(self, question: bytes, out: Any) -> None:
            message = dns.message.from_wire(question)
            answer = dns.message.make_response(message)
            answer.flags |= dns.flags.RA
            (asked,) = message.question
            name = asked.name.to_text(omit_final_dot=True).lower()
            values = zone.get((name, dns.rdatatype.to_text(asked.rdtype)))
            if values:
                answer.answer.append(
                    dns.rrset.from_text_list(asked.name, 60, "IN", asked.rdtype, values)
                )
            elif name not in {known for known, _ in zone}:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            out.sendto(answer.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
