"""A model hub on this machine, which the hub's real client takes for its own."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import servers

COMMIT = "c" * 40
LARGE_BYTES = 1000
"""The hub names longer files by their SHA-256, shorter ones by git's hash."""


class Hub:
    """Answers for repositories: hub id to names and contents.

    `cut` breaks off every answer with a large file after so many bytes, and answers further questions for it with
    status 500, until it is set to none again. `ranges` are the ranges that large files were asked for.
    """

    def __init__(self, repositories: dict[str, dict[str, bytes]]) -> None:
        self.repositories = repositories
        self.promised = {
            (hub_id, name): (sha256(content).hexdigest() if len(content) > LARGE_BYTES else _git_hash(content))
            for hub_id, files in repositories.items()
            for name, content in files.items()
        }
        self.cut: int | None = None
        self.ranges: list[str | None] = []

    def answers(self) -> dict[str, servers.Answer]:
        found: dict[str, servers.Answer] = {}
        for hub_id, files in self.repositories.items():
            info = {"id": hub_id, "sha": COMMIT, "siblings": [self._about(hub_id, name, "rfilename") for name in files]}
            tree = [{"type": "file", **self._about(hub_id, name, "path")} for name in files]
            for path, told in (("", info), ("/revision/main", info), (f"/tree/{COMMIT}", tree)):
                found[f"/api/models/{hub_id}{path}"] = servers.body(json.dumps(told).encode(), Connection="close")
            for name in files:
                found[f"/{hub_id}/resolve/{COMMIT}/{name}"] = self._file(hub_id, name)
        return found

    def _about(self, hub_id: str, name: str, key: str) -> dict[str, object]:
        size, promised = len(self.repositories[hub_id][name]), self.promised[hub_id, name]
        large = (
            {"lfs": {"sha256": promised, "oid": promised, "size": size, "pointerSize": 100}}
            if size > LARGE_BYTES
            else {}
        )
        return {key: name, "size": size, "oid": promised[:40], "blobId": promised[:40], **large}

    def _file(self, hub_id: str, name: str) -> servers.Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            content = self.repositories[hub_id][name]
            large, wanted = len(content) > LARGE_BYTES, handler.headers.get("Range")
            head = handler.command == "HEAD"
            if large and not head:
                self.ranges.append(wanted)
            if large and not head and self.cut == 0:
                servers.body(b"", 500, Connection="close")(handler)
                return
            begin = int(re.findall(r"\d+", wanted)[0]) if wanted else 0
            handler.send_response(206 if wanted else 200)
            handler.send_header("ETag", f'"{self.promised[hub_id, name]}"')
            handler.send_header("X-Repo-Commit", COMMIT)
            handler.send_header("Connection", "close")  # said, lest the client asks again on a closed connection
            handler.send_header("Content-Length", str(len(content) - begin))
            if wanted:
                handler.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
            handler.end_headers()
            if not head:
                handler.wfile.write(content[begin:][: self.cut if large else None])
                self.cut = 0 if large and self.cut is not None else self.cut

        return answer


@contextlib.contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, cache: Path, hub: Hub) -> Iterator[servers.Server]:
    """Makes `hub` the hub of huggingface_hub, and `cache` its cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(servers.Handler, "do_HEAD", servers.Handler.do_GET, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # the client writes whole chunks, of 10 MB if left
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with servers.serving(hub.answers()) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url(""))
        template = server.url("/{repo_id}/resolve/{revision}/{filename}")
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield server


def _git_hash(content: bytes) -> str:
    return sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()
