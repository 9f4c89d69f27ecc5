"""A base for tests that need a server, and one with TLS, which answer well again before each test."""
from .case import Case
from .server import OK, Server, certificate


class Served(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enter_class(Server(otherwise=OK))
        cls.secure = cls.enter_class(Server(otherwise=OK, tls=certificate()))

    def setUp(self):
        super().setUp()
        self.server.reset(otherwise=OK)
        self.secure.reset(otherwise=OK)


__all__ = ["Served"]
