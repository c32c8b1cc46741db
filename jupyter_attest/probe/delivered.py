"""Fingerprints of what servers delivered: of the bytes of an answer, as the caller got them."""

from __future__ import annotations

from _weakref import ref
from typing import Any

from .recording import Recording
from .references import _sha256

#: Of an answer with more bytes there is no fingerprint: taking it would be felt.
MOST_BYTES = 64 << 20
#: Answers that are followed at a time.
MOST_ANSWERS = 64


class Answer:
    """An answer whose body is read in parts, one after the other."""

    __slots__ = ("depth", "hash", "length", "library", "owner", "received", "url")

    def __init__(self, response: Any, url: str, library: str, length: int | None) -> None:
        #: An id is used again after its object's end.
        self.owner = ref(response)
        self.url, self.library, self.length = url, library, length
        self.hash = _sha256()
        self.received = 0
        #: Reads within reads: only the outermost gives bytes to the caller.
        self.depth = 0


class Delivered(Recording):
    """Bodies of answers."""

    def follow(self, response: Any, url: str, library: str, length: int | None) -> None:
        """Take the fingerprint of a body from its first byte on, while it is read."""
        if (length or 0) > MOST_BYTES or self._answer(response) is not None:
            return
        while len(self.answers) >= MOST_ANSWERS:
            del self.answers[next(iter(self.answers))]
        self.answers[id(response)] = Answer(response, url, library, length)

    def reading(self, response: Any) -> None:
        """Notice that a read of a body begins."""
        answer = self._answer(response)
        if answer is not None:
            answer.depth += 1

    def was_read(self, response: Any, data: Any) -> None:
        """Add what a read gave; tell the whole, once the body is known to be at its end.

        That is known where its length was announced, or came with it (chunks).
        """
        answer = self._answer(response)
        if answer is None:
            return
        answer.depth -= 1
        if answer.depth:
            return
        if data is not None:
            answer.hash.update(data)
            answer.received += len(data)
        if answer.received > MOST_BYTES:
            del self.answers[id(response)]
        elif answer.received == answer.length or (answer.length is None and _is_at_end(response)):
            del self.answers[id(response)]
            run, how = self.current()
            self.tell("remote.read", run, how, {
                "url": answer.url, "library": answer.library,
                "sha256": answer.hash.hexdigest(), "received": answer.received,
            })  # fmt: skip

    def awaits(self, response: Any) -> None:
        """Remember an answer that was told, but whose body may come as a whole only later."""
        while len(self.awaited) >= MOST_ANSWERS:
            del self.awaited[next(iter(self.awaited))]
        self.awaited[id(response)] = ref(response)

    def came(self, response: Any) -> bool:
        """Tell once whether the body of an answer was awaited."""
        awaited = self.awaited.pop(id(response), None)
        return awaited is not None and awaited() is response

    def drop(self, response: Any) -> None:
        """Follow a body no longer: what is left of it goes to nobody."""
        if self._answer(response) is not None:
            del self.answers[id(response)]

    def _answer(self, response: Any) -> Answer | None:
        answer = self.answers.get(id(response))
        return answer if answer is not None and answer.owner() is response else None


def _is_at_end(response: Any) -> bool:
    """Tell whether the last chunk came: urllib3 reads chunks itself or leaves it to http.client."""
    if type(response).__module__.partition(".")[0] != "urllib3":
        return response.fp is None
    below = response._original_response
    return response.chunk_left == 0 or (below is not None and below.fp is None)


def fingerprint_of(body: Any) -> dict[str, Any]:
    """Return what ``remote.read`` says of a whole body; nothing if it isn't one or is too long."""
    if type(body) is not bytes or len(body) > MOST_BYTES:
        return {}
    return {"sha256": _sha256(body).hexdigest(), "received": len(body)}
