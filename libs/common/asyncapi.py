"""The events as an AsyncAPI 3.0 document, made from their classes: `python -m common.asyncapi FILE`."""

import inspect
import json
import sys
from pathlib import Path
from typing import Any

from common.bus import publishers, streams_of, topic_of
from common.events import Event, event_classes

Json = dict[str, Any]


def asyncapi_document() -> Json:
    """Channels are topics, one message each for every event a topic carries."""
    messages = {name: _message(cls) for name, cls in sorted(event_classes().items())}
    channels: Json = {}
    for publisher in publishers():
        channels[f"{publisher}.events"] = _channel(
            topic_of("", publisher, "events"),
            [name for name, cls in event_classes().items() if cls.publisher == publisher and cls.stream == "events"],
        )
        channels[f"{publisher}.decisions"] = _channel(
            topic_of("", publisher, "decisions"),
            [name for name, cls in event_classes().items() if cls.stream == "decisions"],
        )
        if "work" in streams_of(publisher):
            channels[f"{publisher}.work"] = _channel(
                topic_of("", publisher, "work"),
                [name for name, cls in event_classes().items() if cls.publisher == publisher and cls.stream == "work"],
            )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "基层公共工作人员管理平台：事件",
            "version": "1.0.0",
            "description": "CloudEvents 1.0, Kafka binary mode. Delivered at least once; the key is the aggregate; "
            "`ce_sequence` is contiguous within `ce_source`. Events only grow: leave unknown fields aside.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            f"send_{name.replace('.', '_')}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
            for name in channels
        },
        "components": {"messages": messages, "messageTraits": {"cloudEvent": _CLOUD_EVENT}},
    }


def _channel(address: str, names: list[str]) -> Json:
    return {
        "address": address,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sorted(names)},
        "bindings": {"kafka": {"topic": address}},
    }


def _message(cls: type[Event]) -> Json:
    schema = cls.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schema.pop("additionalProperties", None)
    message: Json = {"name": cls.type_name(), "title": cls.__name__, "payload": schema}
    words = inspect.getdoc(cls)
    if words and words != inspect.getdoc(Event):
        message["summary"] = words
        schema.pop("description", None)
    message["traits"] = [{"$ref": "#/components/messageTraits/cloudEvent"}]
    return message


_CLOUD_EVENT: Json = {
    "headers": {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_sequence", "ce_partitionkey"],
        "properties": {
            name: {"type": "string"}
            for name in (
                "ce_specversion",
                "ce_id",
                "ce_source",
                "ce_type",
                "ce_time",
                "ce_sequence",
                "ce_partitionkey",
                "ce_traceparent",
            )
        },
    }
}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(asyncapi_document(), ensure_ascii=False, indent=2) + "\n", "utf-8")
