"""What a client may change about the people of a terminal: users, fingerprint templates, one by one or a user whole.

A user whole (SAVE_USERS) is uploaded first, in pieces, and stored by the command after it: lengths of three parts, the
user, a list of fingers, their templates. Nothing of it is stored if any of it is wrong. Does not know packets.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.simulator.codec import Command, Reply
from ekinerja_agent.simulator.device import Device
from ekinerja_agent.simulator.rows import Finger, User, decode_user

_PARTS = struct.Struct("<III")
_LISTED_FINGER = struct.Struct("<BHBI")
_SLOT_AND_FINGER = struct.Struct("<HB")
_PIN_AND_FINGER = struct.Struct("<24sB")
_KIND = 2
_FIRST_FINGER = 0x10
_LARGEST_UPLOAD = 1 << 20


class Enrolling:
    """One client's changes. What was uploaded and not stored is forgotten with the client."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._upload: bytearray | None = None
        self._announced = 0

    def acts(self) -> dict[int, Callable[[bytes], bool]]:
        """Return what each command does with its data; the act tells whether it was done."""
        return {
            Command.USER_WRQ: self._write_user,
            Command.DELETE_USER: self._delete_user,
            Command.DELETE_TEMPLATE: self._delete_template,
            Command.DELETE_TEMPLATE_OF_PIN: self._delete_template_of_pin,
            Reply.PREPARE_DATA: self._begin_upload,
            Reply.DATA: self._take_upload,
            Command.SAVE_USERS: self._save_uploaded,
        }

    def forget(self) -> None:
        """Forget what was uploaded (FREE_DATA)."""
        self._upload = None

    def template(self, data: bytes) -> bytes | None:
        """Given slot and finger, return the template, or None."""
        if len(data) < _SLOT_AND_FINGER.size:
            return None
        finger = self._device.fingers.get(_SLOT_AND_FINGER.unpack_from(data))
        return finger.template if finger else None

    def _write_user(self, data: bytes) -> bool:
        with suppress(ValueError, WrongUsage):
            self._device.keep_user(self._user(data))
            return True
        return False

    def _delete_user(self, data: bytes) -> bool:
        pin = self._device.pin_of(int.from_bytes(data[:2], "little"))
        if pin is None:
            return False
        self._device.delete_user(pin)
        return True

    def _delete_template(self, data: bytes) -> bool:
        return len(data) >= _SLOT_AND_FINGER.size and self._device.forget_finger(*_SLOT_AND_FINGER.unpack_from(data))

    def _delete_template_of_pin(self, data: bytes) -> bool:
        if len(data) < _PIN_AND_FINGER.size:
            return False
        pin, number = _PIN_AND_FINGER.unpack_from(data)
        user = self._device.users.get(pin.partition(b"\0")[0].decode(errors="replace"))
        return user is not None and self._device.forget_finger(user.uid, number)

    def _begin_upload(self, data: bytes) -> bool:
        self._announced = int.from_bytes(data[:4], "little")
        self._upload = bytearray() if 0 < self._announced <= _LARGEST_UPLOAD else None
        return self._upload is not None

    def _take_upload(self, data: bytes) -> bool:
        if self._upload is None or len(self._upload) + len(data) > self._announced:
            return False
        self._upload += data
        return True

    def _save_uploaded(self, _data: bytes) -> bool:
        upload, self._upload = self._upload, None
        if upload is None or len(upload) != self._announced:
            return False
        with suppress(ValueError, WrongUsage, struct.error):
            user, fingers = self._uploaded(bytes(upload))
            self._device.keep_user(user)
            for finger in fingers:
                self._device.keep_finger(finger)
            return True
        return False

    def _uploaded(self, upload: bytes) -> tuple[User, list[Finger]]:
        user_bytes, list_bytes, template_bytes = _PARTS.unpack_from(upload)
        listed = _PARTS.size + user_bytes
        templates = listed + list_bytes
        if templates + template_bytes != len(upload):
            raise ValueError("the parts are not as long as they say")
        if not user_bytes or upload[_PARTS.size] != _KIND:
            raise ValueError("this is no user")
        user = self._user(upload[_PARTS.size + 1 : listed])
        fingers = []
        for kind, uid, number, start in _LISTED_FINGER.iter_unpack(upload[listed:templates]):
            place = templates + start
            size = int.from_bytes(upload[place : place + 2], "little")
            template = upload[place + 2 : place + 2 + size]
            if kind != _KIND or uid != user.uid or not size or len(template) != size or number < _FIRST_FINGER:
                raise ValueError("this is no finger of that user")
            fingers.append(Finger(uid, number - _FIRST_FINGER, template))
        return user, fingers

    def _user(self, row: bytes) -> User:
        return decode_user(row, self._device.model.user_row_bytes, self._device.model.names)
