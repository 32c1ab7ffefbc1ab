"""The distribution keeps the contract that xetrack asks of everybody's."""

from xetrack_testing import PackagingContract


class TestPackaging(PackagingContract):
    distribution = "xetrack-sinks"
