"""Pyzk 0.9, which we did not write, reads the simulator as it reads terminals."""

from __future__ import annotations

import fcntl
import termios
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from zk import ZK
from zk.exception import ZKErrorResponse

from ekinerja_agent.simulator import Device, Endpoint, Model, populate, serve
from ekinerja_agent.simulator.codec import Command
from ekinerja_agent.simulator.faults import Do, Fault, Occasion, Step, Transport, on
from tests.proof.box import until

Pyzk = Callable[..., ZK]
TRANSPORTS: list[Transport] = ["tcp", "udp"]

# Pyzk makes a socket in its constructor that it replaces without closing.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def pyzk() -> Iterator[Callable[..., ZK]]:
    """A function that makes a client; what it leaves open when it is refused is closed after the test."""
    made: list[ZK] = []

    def make(endpoint: Endpoint, comm_key: int = 0) -> ZK:
        udp = endpoint.transport == "udp"
        made.append(ZK(endpoint.host, endpoint.port, timeout=60, password=comm_key, force_udp=udp, ommit_ping=True))
        return made[-1]

    yield make
    for client in made:
        client._ZK__sock.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("layout", [16, 40])
def test_pyzk_reads_5000_records_and_the_users(pyzk: Pyzk, transport: Transport, layout: int) -> None:
    device = Device(model=Model(layout=layout))  # type: ignore[arg-type] - listed above
    populate(device, users=60, records=5_000)
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint).connect()
        found = client.get_attendance()
        users = client.get_users()
        client.disconnect()
    assert [(one.user_id, one.timestamp) for one in found] == [(one.pin, one.clock) for one in device.log]
    assert [one.uid for one in found] == [one.uid for one in device.log]
    assert [(user.uid, user.user_id) for user in users] == [(u.uid, u.pin) for u in device.users.values()]
    if layout == 40:
        assert [(one.status, one.punch) for one in found] == [(one.verify, one.status) for one in device.log]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pyzk_brings_the_bytes_of_5000_records_of_8_bytes(pyzk: Pyzk, transport: Transport) -> None:
    device = Device(model=Model(layout=8))
    populate(device, users=60, records=5_000)
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint).connect()
        table, size = client.read_with_buffer(13)
        client.disconnect()
    assert table == device.log_table()
    assert size == 4 + 5_000 * 8


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pyzk_counts_and_attributes_8_byte_records_though_it_misreads_their_time(
    pyzk: Pyzk, transport: Transport
) -> None:
    device = Device(model=Model(layout=8))
    # The two captured records: what pyzk makes of their times at least is a date.
    for uid, pin, clock in ((7, "70", "2016-01-01T19:02:00"), (123, "1230", "2016-01-01T19:04:46")):
        device.enrol(pin, uid=uid)
        device.punch(pin, datetime.fromisoformat(clock), verify=1, status=1)
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint).connect()
        found = client.get_attendance()
        client.disconnect()
    assert [(one.uid, one.user_id, one.timestamp.isoformat()) for one in found] == [
        (7, "70", "2087-08-26T22:24:00"),
        (123, "1230", "2087-08-27T10:12:16"),
    ]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pyzk_reads_a_slow_terminal_that_sends_1008_bytes_at_a_time(pyzk: Pyzk, transport: Transport) -> None:
    """Over TCP pyzk waits for ever once it took all of a chunk too early, so the terminal waits until pyzk has read."""
    device = Device(model=Model(data_payload_bytes=1008, packet_gap_s=0.001))
    populate(device, users=60, records=500)
    clients: list[ZK] = []

    def is_read(_device: Device) -> None:
        while fcntl.ioctl(clients[0]._ZK__sock, termios.FIONREAD, bytes(4)) != bytes(4):
            time.sleep(0.001)

    def spaced(_occasion: Occasion, steps: list[Step]) -> list[Step]:
        return [each for step in steps for each in (step, Do(is_read))]

    with serve(device, transport, faults=[Fault(alter=on(Command.READ_BUFFER, spaced))]) as endpoint:
        client = pyzk(endpoint).connect()
        clients.append(client)
        found = client.get_attendance()
        client.disconnect()
    assert [one.timestamp for one in found] == [one.clock for one in device.log]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pyzk_learns_what_the_terminal_is(pyzk: Pyzk, transport: Transport) -> None:
    device = Device(serial="SIM42", model=Model(free_sizes_bytes=92))
    populate(device, users=3, records=12)
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint).connect()
        assert client.get_serialnumber() == "SIM42"
        assert client.get_platform() == device.model.platform
        assert client.get_device_name() == device.model.device_name
        assert client.get_firmware_version() == device.model.firmware
        assert client.get_mac() == "00:17:61:00:00:01"
        assert (client.get_fp_version(), client.get_face_version(), client.get_face_fun_on()) == (10, 0, 0)
        assert (client.get_extend_fmt(), client.get_user_extend_fmt()) == (0, 0)
        assert client.get_network_params()["ip"] == "127.0.0.1"
        assert client.get_pin_width() == 9
        client.read_sizes()
        assert (client.users, client.records, client.rec_cap, client.rec_av) == (3, 12, 100_000, 99_988)
        assert client.get_templates() == []
        client.disconnect()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pyzk_reads_and_sets_the_clock(pyzk: Pyzk, transport: Transport) -> None:
    device = Device()
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint).connect()
        assert abs(client.get_time() - device.clock()) <= timedelta(seconds=1)
        early = device.clock() - timedelta(hours=3)
        client.set_time(early)
        assert client.get_time() - early <= timedelta(seconds=2)
        assert -10_801 < device.offset_s < -10_798
        client.disconnect()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("key", [0, 12, 999_999])
def test_pyzk_opens_with_the_comm_key_and_not_without(pyzk: Pyzk, transport: Transport, key: int) -> None:
    with serve(Device(model=Model(comm_key=key)), transport) as endpoint:
        client = pyzk(endpoint, key).connect()
        assert client.get_serialnumber() == "SIM0000000001"
        client.disconnect()
        stranger = pyzk(endpoint, key + 1)
        with pytest.raises(ZKErrorResponse, match="Unauthenticated"):
            stranger.connect()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pyzk_locks_and_clears(pyzk: Pyzk, transport: Transport) -> None:
    device = Device()
    device.punch("1001")
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint).connect()
        client.disable_device()
        assert device.punch("1001") is None
        client.enable_device()
        assert device.punch("1001") is not None
        client.clear_attendance()
        assert client.get_attendance() == []
        client.refresh_data()
        client.disconnect()
    assert len(device.history) == 2
    assert [command.command for command in device.commands if command.command in {14, 15}] == [15]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("layout", "event_size"), [(16, 12), (40, 32), (40, 36), (40, 52)])
def test_pyzk_hears_punches_live(pyzk: Pyzk, transport: Transport, layout: int, event_size: int) -> None:
    device = Device(model=Model(layout=layout, event_size=event_size))  # type: ignore[arg-type] - listed above
    device.enrol("1001")
    device.enrol("1002")
    wanted = [("1001", 1, 0), ("1002", 15, 1), ("1001", 1, 1)]

    def fingers() -> None:
        until(lambda: any(command.command == 500 for command in device.commands), "somebody listens")
        for pin, verify, status in wanted:
            device.punch(pin, verify=verify, status=status)

    with serve(device, transport) as endpoint:
        client = pyzk(endpoint).connect()
        hands = threading.Thread(target=fingers)
        hands.start()
        heard = []
        for event in client.live_capture(new_timeout=60):
            assert event is not None, "no event in time"
            heard.append(event)
            if len(heard) == len(wanted):
                break
        hands.join()
        client.disconnect()
    assert [(one.user_id, one.status, one.punch) for one in heard] == wanted
    assert [one.timestamp for one in heard] == [one.clock for one in device.log]
