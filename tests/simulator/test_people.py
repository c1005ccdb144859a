"""Users and fingerprint templates of a simulated terminal, as pyzk, which we did not write, reads and changes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zk import ZK
from zk.exception import ZKErrorResponse
from zk.finger import Finger
from zk.user import User as PyzkUser

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.simulator import Device, Endpoint, Model, User, populate, serve
from ekinerja_agent.simulator.faults import Transport
from ekinerja_agent.simulator.rows import decode_user, encode_user

TRANSPORTS: list[Transport] = ["tcp", "udp"]
LAYOUTS = [16, 40]

# Pyzk makes a socket in its constructor that it replaces without closing.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def pyzk() -> Iterator[Callable[[Endpoint], ZK]]:
    made: list[ZK] = []

    def make(endpoint: Endpoint) -> ZK:
        udp = endpoint.transport == "udp"
        made.append(ZK(endpoint.host, endpoint.port, timeout=60, force_udp=udp, ommit_ping=True))
        return made[-1].connect()

    yield make
    for client in made:
        client._ZK__sock.close()


def staffed(layout: int, users: int = 3) -> Device:
    device = Device(model=Model(layout=layout))  # type: ignore[arg-type] - listed above
    for number in range(users):
        device.enrol(str(1001 + number), f"P{number}", privilege=14 if number == 0 else 0)
        device.enrol_finger(str(1001 + number), number % 10)
        device.enrol_finger(str(1001 + number), (number + 1) % 10)
    return device


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_pyzk_reads_users_and_all_templates_also_in_chunks(
    pyzk: Callable[[Endpoint], ZK], transport: Transport, layout: int
) -> None:
    device = staffed(layout, users=120)
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint)
        users, templates = client.get_users(), client.get_templates()
        one = client.get_user_template(1, 0)
        client.disconnect()
    assert [(u.uid, u.user_id, u.name, u.privilege) for u in users] == [
        (u.uid, u.pin, u.name, u.privilege) for u in device.users.values()
    ]
    assert {(t.uid, t.fid): (t.valid, t.template) for t in templates} == {
        key: (finger.valid, finger.template) for key, finger in device.fingers.items()
    }
    assert len(device.finger_table()) > 0xFFC0
    assert one.template == device.fingers[1, 0].template


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_pyzk_writes_and_deletes_users_and_templates(
    pyzk: Callable[[Endpoint], ZK], transport: Transport, layout: int
) -> None:
    device = staffed(layout)
    with serve(device, transport) as endpoint:
        client = pyzk(endpoint)
        client.get_users()  # tells it the size of a row
        client.user_packet_size = int(client.user_packet_size)
        client.set_user(uid=9, name="Siti", privilege=14, password="123", user_id="1009", card=4711)
        client.save_user_template(
            PyzkUser(10, "Budi", 0, "", "1", "1010", 5), [Finger(10, 3, 1, b"t" * 1500), Finger(10, 4, 1, b"u" * 40)]
        )
        client.delete_user(uid=2)
        client.delete_user_template(uid=1, temp_id=0)
        with pytest.raises(ZKErrorResponse):
            client.delete_user(uid=77)
        client.disconnect()
    siti, budi = device.users["1009"], device.users["1010"]
    assert (siti.uid, siti.name, siti.privilege, siti.password, siti.card) == (9, "Siti", 14, "123", 4711)
    assert (budi.uid, budi.name, budi.card, budi.group) == (10, "Budi", 5, 1)
    assert {key: finger.template for key, finger in device.fingers.items() if key[0] == 10} == {
        (10, 3): b"t" * 1500,
        (10, 4): b"u" * 40,
    }
    assert "1002" not in device.users
    assert {key for key in device.fingers if key[0] != 10} == {(1, 1), (3, 2), (3, 3)}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pyzk_restarts_it_and_the_people_stay(pyzk: Callable[[Endpoint], ZK], transport: Transport) -> None:
    device = staffed(40)
    with serve(device, transport) as endpoint:
        pyzk(endpoint).restart()
        client = pyzk(endpoint)
        assert len(client.get_users()) == 3
        client.disconnect()
    assert device.starts == 2


@pytest.mark.parametrize("spoil", [lambda whole: whole[:-1], lambda whole: whole + b"x", lambda whole: whole[:40]])
def test_an_upload_that_is_not_whole_changes_nothing(
    pyzk: Callable[[Endpoint], ZK], spoil: Callable[[bytes], bytes]
) -> None:
    device = staffed(40)
    before = (dict(device.users), dict(device.fingers))
    with serve(device) as endpoint:
        client = pyzk(endpoint)
        client.user_packet_size = 72
        send = client._send_with_buffer
        client._send_with_buffer = lambda whole: send(spoil(whole))
        with pytest.raises(ZKErrorResponse):
            client.save_user_template(PyzkUser(10, "Budi", 0, "", "1", "1010", 5), [Finger(10, 3, 1, b"t" * 50)])
        client.disconnect()
    assert (device.users, device.fingers) == before


def test_a_slot_that_is_written_over_loses_its_fingers_and_a_pin_that_moves_loses_its_own() -> None:
    device = staffed(40)
    device.keep_user(User(1, "2001", "Other"))
    assert set(device.users) == {"2001", "1002", "1003"}
    device.keep_user(User(8, "1002", "Moved"))
    assert {key[0] for key in device.fingers} == {3}


def test_people_are_made_up_with_as_many_fingers_as_asked_for() -> None:
    device = Device()
    populate(device, users=2, records=0, fingers=3)
    assert sorted(device.fingers) == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
    assert len({finger.template for finger in device.fingers.values()}) == 6


def test_a_full_terminal_takes_no_more_users_or_fingers() -> None:
    device = Device(model=Model(user_capacity=1, finger_capacity=1))
    device.enrol("1001")
    device.enrol_finger("1001", 0)
    with pytest.raises(WrongUsage, match="holds 1 users"):
        device.keep_user(User(2, "1002"))
    with pytest.raises(WrongUsage, match="holds 1 fingers"):
        device.enrol_finger("1001", 1)


@given(
    st.sampled_from([28, 72]),
    st.sampled_from(["utf-8", "gb18030"]),
    st.text(st.characters(codec="gb18030", exclude_characters="\0"), max_size=8),
    st.integers(1, 0xFFFF),
    st.integers(0, 255),
    st.integers(0, 0xFFFFFFFF),
)
def test_a_user_row_comes_back_whatever_the_name(
    size: Literal[28, 72], names: Literal["utf-8", "gb18030"], name: str, uid: int, privilege: int, card: int
) -> None:
    row = encode_user(User(uid, "77", name, privilege, "1234", card), size, names)
    assert len(row) == size
    back = decode_user(row, size, names)
    assert (back.uid, back.pin, back.privilege, back.password, back.card) == (uid, "77", privilege, "1234", card)
    assert name.startswith(back.name)
    assert size == 28 or back.name == name or len(name.encode(names)) > 24


@given(st.binary(min_size=72, max_size=72))
def test_any_72_bytes_are_a_user_that_writes_the_same_row_again_or_none(raw: bytes) -> None:
    try:
        user = decode_user(raw, 72)
    except ValueError:
        return
    assert decode_user(encode_user(user, 72), 72).name == user.name
