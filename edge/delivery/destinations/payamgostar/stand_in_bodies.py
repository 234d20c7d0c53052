"""The bodies that the stand-in takes, field by field as the vendor's own client sends them.

Written apart from form.py, so that each shows a mistake of the other.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

PeerType = Literal[1, 2]
CallType = Literal[1, 2, 3, 4]


class CallCreate(Struct, rename="pascal", forbid_unknown_fields=True):
    ts_key: str
    source_id: Annotated[str, Meta(min_length=1)]
    phone_number: str
    start_date: Annotated[datetime, Meta(tz=True)]
    call_type_index: CallType
    init_channel_peer_name: Annotated[str, Meta(min_length=1)]
    init_channel_peer_type_index: PeerType
    init_channel_source_id: str
    is_live: bool


class CallUpdate(Struct, rename="pascal", forbid_unknown_fields=True):
    call_id: int
    end_date: Annotated[datetime, Meta(tz=True)] | None
    phone_number: str
    identity_id: str | None
    call_type_index: CallType
    is_live: bool


class ChannelCreate(Struct, rename="pascal", forbid_unknown_fields=True):
    call_id: int
    channel_peer_name: Annotated[str, Meta(min_length=1)]
    channel_peer_type_index: PeerType
    channel_source_id: str
    channel_status_index: Literal[1, 2, 3, 4]
    create_date: Annotated[datetime, Meta(tz=True)]
    is_live: bool


class ChannelUpdate(Struct, rename="pascal", forbid_unknown_fields=True):
    call_channel_id: int
    channel_status_index: Literal[1, 2, 3, 4]
    channel_response_index: Literal[1, 2, 3, 4]
    recorded_file_name: str | None
    connect_date: Annotated[datetime, Meta(tz=True)] | None
    hangup_date: Annotated[datetime, Meta(tz=True)] | None
    to_change_peer_name: str | None
    to_change_peer_type_index: PeerType | None
    is_live: bool


class Merge(Struct, rename="pascal", forbid_unknown_fields=True):
    ts_key: str
    source_call_id: int
    destination_call_id: int
