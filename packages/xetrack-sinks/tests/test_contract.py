"""Both sinks keep the contract that xetrack asks of everybody's."""

import json

from xetrack_sinks import LogsOptions
from xetrack_sinks.jsonl import JsonlSink
from xetrack_sinks.logs import LogSink
from xetrack_testing import LogSinkContract


class TestJsonl(LogSinkContract):
    def open(self, place):
        return JsonlSink(place / "rows.jsonl")

    def lines(self, place):
        path = place / "rows.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def read(self, place):
        return [line for line in self.lines(place) if line["level"] == "TRACKING"]

    def read_log(self, place):
        return [(line["level"], line) for line in self.lines(place)]


class TestLogs(LogSinkContract):
    logger = True

    def open(self, place):
        return LogSink(LogsOptions(place, logs_file_format="rows.log"), "run-1")

    def read(self, place):
        return [event for level, event in self.read_log(place) if level == "TRACKING"]

    def read_log(self, place):
        path = place / "rows.log"
        entries = path.read_text("utf-8") if path.exists() else ""
        return list(events(entries))


def events(text):
    """The level and the event of each entry: a message of several lines is indented."""
    for entry in text.replace("\n ", " ").replace("\n}", "}").splitlines():
        head, _, message = entry.partition("!📁!")
        if message.startswith("{") and message.endswith("}"):
            yield head.split("|")[1].strip(), json.loads(message)
