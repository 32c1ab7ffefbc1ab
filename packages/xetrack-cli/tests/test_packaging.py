"""The distribution keeps the contract that xetrack asks of everybody's, as far as a program can."""

from typing import ClassVar

from xetrack_testing import PackagingContract


class TestPackaging(PackagingContract):
    distribution = "xetrack-cli"
    waivers: ClassVar = {"test_it_has_an_entry_point": "`xt` is a program that uses plugins, and brings none"}
