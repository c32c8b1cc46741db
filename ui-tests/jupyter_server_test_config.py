"""Server of the browser tests: JupyterLab's own test configuration, on one port of this machine."""

import os

from jupyterlab.galata import configure_jupyter_server

c = get_config()  # noqa: F821
configure_jupyter_server(c)
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = int(os.environ["ATTEST_UI_PORT"])
c.ServerApp.allow_root = True
c.ServerApp.log_level = "WARN"
