"""Single questions to an RPC server: retried, counted, errors as what has to be done about them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fbbackup.errors import BudgetSpent, ItemError, LoginNeeded, SourceUnavailable
from fbbackup.http import Http, SlowAnswer, register_secret
from fbbackup.sources.rpc.answers import Chunk, Meaning, RpcFailed, UnreadableReply, read_chunk
from fbbackup.sources.rpc.transports import ByHttp, BySocket, Question, Transport

PAGE_LIMIT = 200
SMALLER_LIMITS = (50, 20)
_FAILED_CALLS_UNTIL_DOWN = 3
_LIMIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """One account's access: `root` is the server's address, `session` its token, `user` whose photos are asked for."""

    name: str
    root: str
    user: str
    session: str = field(repr=False)
    transport: str = "http"
    limit: int = PAGE_LIMIT
    attempts: int = 4
    backoff_seconds: float = 1.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Denied(ItemError):
    """The server finds that the question makes no sense: no such album, or no such kind of list."""


class RpcApi:
    """Asks one question at a time; `count` is told of every call."""

    def __init__(self, settings: RpcSettings, http: Http, count: Callable[[int], None]) -> None:
        self.settings, self._count = settings, count
        register_secret(settings.session)
        self._transport: Transport
        if settings.transport == "websocket":
            self._transport = BySocket(http, settings.root, settings.session)
        else:
            self._transport = ByHttp(http, settings.root, settings.session, settings.user)
        self._turn = asyncio.Lock()
        self.show: Callable[[str], None] = lambda words: None
        self._failed = 0
        self._limit = settings.limit

    @property
    def limit(self) -> int:
        """Items that one question asks for."""
        return self._limit

    async def ask(self, kind: str, album: str, offset: int, limit: int | None = None) -> Chunk:
        """Albums or photos from an offset.

        Raises LoginNeeded or BudgetSpent for what ends the run, SourceUnavailable when the server is not there or
        keeps failing, Denied and ItemError where only this question can't be answered.
        """
        async with self._turn:
            try:
                return await self._tried(Question(kind, album, offset, min(limit or self._limit, self._limit)))
            except Denied:
                smaller = [size for size in SMALLER_LIMITS if size < min(limit or self._limit, self._limit)]
                for size in smaller:
                    try:
                        found = await self._tried(Question(kind, album, offset, size))
                    except Denied:
                        continue
                    self._limit = size
                    return found
                raise

    async def _tried(self, question: Question) -> Chunk:
        last: Exception | None = None
        for attempt in range(self.settings.attempts):
            if attempt:
                self.show(f"the server fails ({str(last)[:100]}); trying again")
                await self.settings.sleep(self.settings.backoff_seconds * 2 ** (attempt - 1))
                self.show("")
            try:
                self._count(1)
                reply, status = await self._transport.ask(question)
                found = read_chunk(reply, question.kind, status, album=question.album)
            except RpcFailed as failed:
                last = failed
                self._give_up_early(failed)
            except (SourceUnavailable, UnreadableReply) as error:
                last = error
            else:
                self._failed = 0
                return found
        raise self._given_up(last) from None

    def _give_up_early(self, failed: RpcFailed) -> None:
        """Raises what no further try can mend."""
        if failed.meaning is Meaning.LOGIN:
            raise LoginNeeded(
                f'account "{self.settings.name}": the server does not accept the session ({failed}); put a new session '
                "token into the credentials"
            ) from None
        if failed.meaning is Meaning.DENIED:
            raise Denied(f"the server refuses the question ({failed})") from None

    def _given_up(self, last: Exception | None) -> Exception:
        if isinstance(last, RpcFailed) and last.meaning is Meaning.CROWDED:
            return BudgetSpent(f"the server counts too many calls ({last}); a later run goes on", _LIMIT_SECONDS)
        if isinstance(last, SourceUnavailable) and not isinstance(last, SlowAnswer):
            return SourceUnavailable(f"{last}; a later run tries again")
        self._failed += 1
        words = f"the server gave no usable answer: {last}"
        if self._failed >= _FAILED_CALLS_UNTIL_DOWN:
            return SourceUnavailable(f"{words}; a later run tries again")
        return ItemError(words)

    async def close(self) -> None:
        """Ends what the transport keeps open."""
        await self._transport.close()
