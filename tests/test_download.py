"""Downloads reach only what they may, and end: real servers on this machine, permitted by name where they are meant."""

from __future__ import annotations

import hashlib
import http.server
import random
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import servers
from earwitness import download
from earwitness.addresses import is_public
from earwitness.errors import SourceError
from earwitness.options import SourceOptions
from earwitness.source import Source, fetch, find
from servers import Answer, Server, serving

CONTENT = random.Random(3).randbytes(300_000)
PRIVATE_ALLOWED = SourceOptions(allow_private=True, max_download_s=20)

# Made for these tests alone: it signs itself for "localhost" and opens nothing.
TEST_CERTIFICATE = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIC3/E/oMex7lhvGNm2hROjjkUS6ACwnMGddysiWPMKXFoAoGCCqGSM49
AwEHoUQDQgAEAF/25QUlQh9slPSNICoHN0gFqX34Gbnhik/e2BOm8Dl4aD39gWD1
7OvebGCfOh/2+l3jAcLlCEeYd5s5P4IWJg==
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBYTCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABABf9uUFJUIfbJT0
jSAqBzdIBal9+Bm54YpP3tgTpvA5eGg9/YFg9ezr3mxgnzof9vpd4wHC5QhHmHeb
OT+CFiajSDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/
MB0GA1UdDgQWBBT7/TwCiHQsz9J9PI8pdMug3C4HGzAKBggqhkjOPQQDAgNIADBF
AiBwB2te/YW1rGu2DLb8Y5Erfohn5vgyIdmbe3Mre9WLYwIhALaS7UYNsYnE4Ulu
xj53myV7PDCAYizRKDjSR2yCjxJa
-----END CERTIFICATE-----
"""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "localhost.pem"
    path.write_text(TEST_CERTIFICATE)
    return path


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == [], "a partial download was left behind"


def body(content: bytes = CONTENT, status: int = 200, **headers: str) -> Answer:
    return servers.body(content, status, **headers)


def redirect(location: str, status: int = 302) -> Answer:
    return body(b"", status, Location=location)


def chunked(count: int, *, end: bool = True) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(count):
            handler.wfile.write(b"400\r\n" + bytes(1024) + b"\r\n")
        if end:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


def drip(start: bytes) -> Answer:
    """A byte now and then, for as long as the client stays."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        assert isinstance(handler.server, Server)
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b"x")

    return answer


def get(url: str, folder: Path, options: SourceOptions = PRIVATE_ALLOWED) -> Source:
    (reference,) = find([url])
    return fetch(reference, options, folder)


def refusal(url: str, folder: Path, options: SourceOptions = PRIVATE_ALLOWED) -> str:
    with pytest.raises(SourceError) as caught:
        get(url, folder, options)
    message = str(caught.value)
    assert "\n" not in message
    assert "secret" not in message
    return message


# What comes


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (body(), CONTENT),
        (body(Content_Length=""), CONTENT),
        (body(Content_Encoding="identity"), CONTENT),
        (chunked(100), bytes(102_400)),
        (body(b""), b""),
    ],
)
def test_a_recording_comes_whole(tmp_path: Path, answer: Answer, content: bytes) -> None:
    with serving({"/show/episode.mp3": answer}) as server:
        source = get(server.url("/show/episode.mp3?key=secret"), tmp_path)
        assert server.asked == ["/show/episode.mp3?key=secret"]
        assert server.headers[0]["Accept-Encoding"] == "identity"
        assert server.headers[0]["Host"] == f"127.0.0.1:{server.port}"
    assert (source.name, source.stem) == ("episode.mp3", "episode")
    assert source.path.suffix == ".mp3"
    assert source.path.read_bytes() == content
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    source.discard()
    assert not source.path.exists()


def test_progress_counts_bytes(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with serving({"/a.mp3": body()}) as server:
        fetch(find([server.url("/a.mp3")])[0], PRIVATE_ALLOWED, tmp_path, lambda *at: seen.append(at))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_the_name_stays(tmp_path: Path, status: int) -> None:
    answers = {"/a.mp3": redirect("b/x y.bin?key=1", status), "/b/x%20y.bin": body()}
    with serving(answers) as server:
        source = get(server.url("/a.mp3"), tmp_path)
        assert server.asked == ["/a.mp3", "/b/x%20y.bin?key=1"]
    assert source.name == "a.mp3"
    assert source.path.read_bytes() == CONTENT


def test_letters_outside_ascii_are_encoded(tmp_path: Path) -> None:
    with serving({"/%C3%A9.mp3": body()}) as server:
        assert get(server.url("/é.mp3"), tmp_path).name == "é.mp3"


def test_names_from_a_url_stay_in_the_folder(tmp_path: Path) -> None:
    with serving({"/..%2f..%2f%00-x%E2%80%AE.mp3": body()}) as server:
        source = get(server.url("/..%2f..%2f%00-x%E2%80%AE.mp3"), tmp_path)
    assert source.path.parent == tmp_path
    assert source.stem == "x"


def test_ipv6(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        server = serving({"/a.mp3": body()}, family=socket.AF_INET6)
        with server as running:
            source = get(f"http://[::1]:{running.port}/a.mp3", tmp_path)
            assert running.headers[0]["Host"] == f"[::1]:{running.port}"
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        pytest.skip(f"no IPv6 here: {error}")
    assert source.path.read_bytes() == CONTENT


# TLS


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_tls_context", lambda: ssl.create_default_context(cafile=str(certificate)))


@pytest.mark.usefixtures("trusted")
def test_https(tmp_path: Path, certificate: Path) -> None:
    with serving({"/a.mp3": body()}, certificate=certificate) as server:
        assert get(f"https://localhost:{server.port}/a.mp3", tmp_path).path.read_bytes() == CONTENT


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(scratch: Path, certificate: Path) -> None:
    with serving({"/a.mp3": body()}, certificate=certificate) as server:
        assert "certificate" in refusal(f"https://127.0.0.1:{server.port}/a.mp3", scratch)
        assert server.asked == []


def test_a_certificate_nobody_vouches_for_is_refused(scratch: Path, certificate: Path) -> None:
    with serving({"/a.mp3": body()}, certificate=certificate) as server:
        assert "certificate" in refusal(f"https://localhost:{server.port}/a.mp3", scratch)


@pytest.mark.usefixtures("trusted")
def test_a_redirect_may_not_drop_encryption(scratch: Path, certificate: Path) -> None:
    with (
        serving({"/a.mp3": body()}) as plain,
        serving({"/a.mp3": redirect(plain.url("/a.mp3"))}, certificate=certificate) as server,
    ):
        assert "from https to http" in refusal(f"https://localhost:{server.port}/a.mp3", scratch)
        assert plain.asked == []


@pytest.mark.usefixtures("trusted")
def test_a_slow_drip_under_tls_ends(scratch: Path, certificate: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with serving({"/a.mp3": drip(head)}, certificate=certificate) as server:
        options = SourceOptions(allow_private=True, max_download_s=0.5)
        assert "took longer than 0.5 s" in refusal(f"https://localhost:{server.port}/a.mp3", scratch, options)


# Where it may not go

PUBLIC_ADDRESSES = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
PRIVATE_ADDRESSES = """
    127.0.0.1 127.255.0.1 0.0.0.0 0.1.2.3 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1
    100.127.255.255 192.0.0.8 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1
    255.255.255.255 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1
    ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: 2001:0:53aa::1 2001:db8::1 fec0::1
""".split()


def test_public_addresses() -> None:
    assert [address for address in PUBLIC_ADDRESSES if not is_public(address)] == []
    assert [address for address in PRIVATE_ADDRESSES if is_public(address)] == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "１２７.0.0.1"],
)
def test_this_machine_is_not_asked(scratch: Path, host: str) -> None:
    with serving({"/a.mp3": body()}) as server:
        message = refusal(f"http://{host}:{server.port}/a.mp3?key=secret", scratch, SourceOptions())
        assert "not on the public internet" in message or "no such host" in message
        assert server.asked == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "017700000001", "127.1", "0177.0.0.1", "0x7f.1", "1.2.3.4.5"]
)
@pytest.mark.parametrize("options", [SourceOptions(), PRIVATE_ALLOWED])
def test_addresses_in_disguise(scratch: Path, host: str, options: SourceOptions) -> None:
    with serving({"/a.mp3": body()}) as server:
        assert "host is malformed" in refusal(f"http://{host}:{server.port}/a.mp3", scratch, options)
        assert server.asked == []


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The system's resolver, giving these addresses in turn; returns the list of what it was asked."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        addresses = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where sockets were connected to; none of them really is."""
    made: list[tuple[str, int]] = []

    def connect(self: socket.socket, endpoint: tuple[str, int]) -> None:
        made.append(endpoint)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(download.socket.socket, "connect", connect)
    return made


def test_a_name_that_changes_its_address_is_used_as_it_was_checked(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, connections: list[tuple[str, int]]
) -> None:
    asked = resolving(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    assert "cannot connect" in refusal("http://rebind.example/a.mp3", scratch, SourceOptions())
    assert asked == ["rebind.example"]
    assert connections == [("93.184.215.14", 80)]


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, connections: list[tuple[str, int]]
) -> None:
    resolving(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    assert "not on the public internet" in refusal("http://mixed.example/a.mp3", scratch, SourceOptions())
    assert connections == []


def test_every_hop_is_checked(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/a.mp3": redirect("http://169.254.169.254/latest/meta-data?key=secret")}) as server:
        local = server.server_address
        resolving(monkeypatch, ["93.184.215.14"], ["169.254.169.254"])
        made: list[str] = []
        connect = socket.socket.connect

        def rerouted(self: socket.socket, endpoint: tuple[str, int]) -> None:
            made.append(endpoint[0])
            connect(self, local)  # a public host, as far as the code can tell

        monkeypatch.setattr(download.socket.socket, "connect", rerouted)
        message = refusal("http://public.example/a.mp3", scratch, SourceOptions())
        assert "169.254.169.254" in message
        assert "not on the public internet" in message
        assert made == ["93.184.215.14"]


def test_the_next_address_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/a.mp3": body()}) as server:
        resolving(monkeypatch, ["127.0.0.9", "127.0.0.1"])
        source = get(f"http://two.example:{server.port}/a.mp3", tmp_path)
        assert server.headers[0]["Host"] == f"two.example:{server.port}"
    assert source.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://example.org/a", "only http and https"),
        ("gopher://127.0.0.1/", "only http and https"),
        ("http://user:secret@127.0.0.1/", "user name or password"),
        ("http://[::1", "malformed"),
        ("http://127.0.0.1:99999/", "malformed"),
        ("//2130706433/", "host is malformed"),
    ],
)
def test_redirects_to_what_is_refused(scratch: Path, location: str, reason: str) -> None:
    with serving({"/a.mp3": redirect(location)}) as server:
        assert reason in refusal(server.url("/a.mp3?key=secret"), scratch)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://user:secret@example.org/a.mp3", "user name or password"),
        ("http://secret@example.org/a.mp3", "user name or password"),
        ("http:///a.mp3", "host is malformed"),
        ("http://[::1/a.mp3", "malformed"),
        ("http://example.org:port/a.mp3", "malformed"),
        ("http://exa mple.org/a.mp3", "spaces or control"),
        ("http://example.org/a.mp3\r\nX-Injected: secret", "spaces or control"),
        ("http://[fe80::1%25eth0]/a.mp3", "host is malformed"),
        ("http://" + "a" * 70 + ".example/x.mp3", "host is malformed"),
        ("http://example.org/\ud800.mp3", "malformed"),
    ],
)
def test_malformed_urls(scratch: Path, url: str, reason: str) -> None:
    message = refusal_without_secret_check(url, scratch) if "Injected" in url else refusal(url, scratch)
    assert reason in message


def refusal_without_secret_check(url: str, folder: Path) -> str:
    with pytest.raises(SourceError) as caught:
        get(url, folder)
    assert "\n" not in str(caught.value)
    assert "\r" not in str(caught.value)
    return str(caught.value)


# That it ends


def test_a_redirect_loop_ends(scratch: Path) -> None:
    with serving({"/a.mp3": redirect("/a.mp3")}) as server:
        assert "more than 5 redirects" in refusal(server.url("/a.mp3?key=secret"), scratch)
        assert len(server.asked) == 6


@pytest.mark.parametrize("answer", [body(), body(Content_Length=""), chunked(300)], ids=["length", "none", "chunked"])
def test_too_long_a_body(scratch: Path, answer: Answer) -> None:
    with serving({"/a.mp3": answer}) as server:
        options = SourceOptions(allow_private=True, max_download_bytes=100_000)
        assert "longer than 100000 bytes" in refusal(server.url("/a.mp3"), scratch, options)


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["status", "headers", "body", "endless body"],
)
def test_a_slow_drip_ends(scratch: Path, start: bytes) -> None:
    with serving({"/a.mp3": drip(start)}) as server:
        began = time.monotonic()
        options = SourceOptions(allow_private=True, max_download_s=0.5)
        assert "took longer than 0.5 s" in refusal(server.url("/a.mp3?key=secret"), scratch, options)
        assert time.monotonic() - began < 10


def test_a_server_that_says_nothing(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SOCKET_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = refusal(f"http://127.0.0.1:{silent.getsockname()[1]}/a.mp3", scratch)
    assert "no answer" in message


def test_too_short_a_body(scratch: Path) -> None:
    with serving({"/a.mp3": body(Content_Length="400000"), "/b.mp3": chunked(3, end=False)}) as server:
        assert "ended at 300000 of 400000 bytes" in refusal(server.url("/a.mp3"), scratch)
        assert "broke off" in refusal(server.url("/b.mp3"), scratch)


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "404 Not Found"), (403, "403 Forbidden"), (500, "500"), (299, "299"), (206, "206")]
)
def test_the_status_is_named(scratch: Path, status: int, reason: str) -> None:
    with serving({"/a.mp3": body(status=status)}) as server:
        assert f"the server answered {reason}" in refusal(server.url("/a.mp3?key=secret"), scratch)


@pytest.mark.parametrize(
    "header", [{"Content_Encoding": "gzip"}, {"Content_Encoding": "br"}, {"Transfer_Encoding": "gzip"}]
)
def test_compressed_answers_are_refused(scratch: Path, header: dict[str, str]) -> None:
    with serving({"/a.mp3": body(**header)}) as server:
        assert "compresses" in refusal(server.url("/a.mp3"), scratch)


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"])
def test_servers_that_do_not_speak_http(scratch: Path, reply: bytes) -> None:
    with serving({"/a.mp3": lambda handler: handler.wfile.write(reply) and None}) as server:
        assert "the server failed" in refusal(server.url("/a.mp3"), scratch)


def test_nobody_listens(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "cannot connect" in refusal(f"http://127.0.0.1:{port}/a.mp3", scratch)


def test_proxies_of_the_environment_are_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/a.mp3": body()}) as server, serving({}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        get(server.url("/a.mp3"), tmp_path)
        assert proxy.asked == []
