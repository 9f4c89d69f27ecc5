"""Tests against servers with certificates of their own, in a folder of their own."""
import os
import shutil
import tempfile

from anycert_cli import Case


class ServedCase(Case):
    """With self.servers: those that start() gives, by their names, until the class is done."""

    @classmethod
    def start(cls):
        """Makes what they need in the current folder, and gives each server as it is started."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        before, folder = os.getcwd(), tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.addClassCleanup(os.chdir, before)
        os.chdir(folder)
        cls.servers = {}
        for server in cls.start():
            cls.addClassCleanup(server.stop)
            cls.servers[server.name] = server
        for server in cls.servers.values():
            server.wait()
