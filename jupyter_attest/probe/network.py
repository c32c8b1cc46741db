"""Connections and requests."""

from __future__ import annotations

from typing import Any

from .recording import Recording
from .redaction import cut_url
from .references import _ident
from .values import plain_text


class Network(Recording):
    """Hosts that were connected to and URLs that were asked for."""

    def on_getaddrinfo(self, args: tuple[Any, ...]) -> None:
        """Remember the name that this thread's next connection goes to."""
        host = args[0] if type(args[0]) is str else plain_text(args[0])
        if host:
            if len(self.hosts) > 256:
                self.hosts.clear()
            self.hosts[_ident()] = (host, args[1])

    def on_connect(self, args: tuple[Any, ...]) -> None:
        """socket.connect(socket, address)."""
        address = args[1]
        port = None
        if type(address) is tuple and len(address) >= 2 and type(address[0]) is str:
            host = address[0]
            port = address[1] if type(address[1]) is int else None
            named = self.hosts.get(_ident())
            if named is not None and named[1] == port:
                host = named[0]
        else:
            path = plain_text(address)
            if not path:
                return
            host = "unix:" + path
        run, how = self.current()
        if run is not None and run.paused:
            return
        seen = run.seen if run is not None else self.loose
        if (host, port, "net") not in seen:
            seen[(host, port, "net")] = 1
            self.tell("net.connected", run, how, {"host": host, "port": port})

    def on_url(self, args: tuple[Any, ...]) -> None:
        """urllib.Request(fullurl, data, headers, method)."""
        url, data, method = plain_text(args[0]), args[1], args[3]
        if not url or url.startswith(("file:", "data:")):
            return
        verb = method if type(method) is str and method else ("GET" if data is None else "POST")
        # What goes over http.client is read only if it is sent: the connection may be refused.
        answer = "sent"
        if url.lower().startswith(("http:", "https:")):
            answer = "told" if self.wrappers.is_on("urllib") else "later"
        self.requested(url, verb, answer)

    def on_http_connect(self, args: tuple[Any, ...]) -> None:
        """http.client.connect(connection, host, port)."""
        self.on_getaddrinfo((args[1], args[2]))

    def on_http_send(self, args: tuple[Any, ...]) -> None:
        """http.client.send(connection, data): the first bytes of a request name it."""
        data = args[1]
        if type(data) is not bytes or b" HTTP/1." not in data[:65536]:
            return
        head = data[:65536].split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")
        method, _, rest = head[0].partition(" ")
        target = rest.rpartition(" ")[0]
        host, port = self.hosts.get(_ident(), ("", None))
        for header in head[1:]:
            if header[:5].lower() == "host:":
                host = header[5:].strip()
        if not method.isalpha() or not target or not host:
            return
        if "://" not in target:
            target = ("http" if port == 80 or ":" in host else "https") + "://" + host + target
        self.requested(target, method)

    def requested(self, url: str, method: str, answer: str = "sent") -> None:
        """Write ``http.requested``; and ``remote.read`` for a read. Each once per run.

        ``answer``: ``sent``; ``later``, when it isn't sent yet; ``told``, when the caller tells it.
        """
        url = cut_url(url)
        run, how = self.current()
        if run is not None and run.paused:
            return
        seen = run.seen if run is not None else self.loose
        bare = url.partition("://")[2]
        if (bare, method, "http") not in seen:
            seen[(bare, method, "http")] = 1
            self.tell("http.requested", run, how, {"url": url, "method": method})
        if method == "GET" and answer != "later" and (bare, method, "read") not in seen:
            seen[(bare, method, "read")] = 1
            if answer == "sent":
                self.tell("remote.read", run, how, {"url": url})
