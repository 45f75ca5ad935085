"""Far registries for npm, Go, Rust and Maven on loopback, with packages of our own making: for tests of the route."""

import base64
import contextlib
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from aiohttp import web

USER, PASSWORD = "reader", "pass-word"


def tarball(files: Mapping[str, str]) -> bytes:
    """An npm package: everything below `package/`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def crate(name: str, version: str, files: Mapping[str, str]) -> bytes:
    """What cargo fetches: everything below `name-version/`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def module_zip(module: str, version: str, files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(f"{module}@{version}/{path}", text)
    return packed.getvalue()


def go_sum(module: str, version: str, files: Mapping[str, str]) -> str:
    """The two lines of go.sum."""
    whole = {f"{module}@{version}/{path}": text for path, text in files.items()}
    manifest = {"go.mod": files["go.mod"]}
    return f"{module} {version} {_hash_one(whole)}\n{module} {version}/go.mod {_hash_one(manifest)}\n"


def _hash_one(files: Mapping[str, str]) -> str:
    lines = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {path}\n" for path, text in sorted(files.items()))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


@dataclass(slots=True, kw_only=True)
class FarRegistries:
    """What is on offer, and what was asked for. Files may only be had with the credentials."""

    npm: Mapping[str, tuple[Mapping[str, object], bytes]] = field(default_factory=dict)
    """By name: the manifest of the one version, and its tarball."""
    go: Mapping[str, bytes] = field(default_factory=dict)
    """By path below the proxy."""
    crates: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    """By name, of four letters or more, and version."""
    maven: Mapping[str, bytes] = field(default_factory=dict)
    """By path below the repository; the sums beside each file are made up here."""
    seen: list[str] = field(default_factory=list)
    unauthorized: int = 0
    port: int = 0

    def address(self, kind: str) -> str:
        """With the credentials in it."""
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.port}/own/{kind}/"

    @property
    def integrity(self) -> dict[str, str]:
        """Of each tarball, as a lock file has it."""
        return {name: _integrity(content) for name, (_, content) in self.npm.items()}

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator["FarRegistries"]:
        runner = web.ServerRunner(web.Server(self._answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        self.seen.append(path)
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") != wanted:
            self.unauthorized += 1
            return web.Response(status=401)
        if path.startswith("/own/go/") and (content := self.go.get(path.removeprefix("/own/go/"))) is not None:
            return web.Response(body=content)
        if path.startswith("/own/maven/") and (file := self._maven(path.removeprefix("/own/maven/"))) is not None:
            return web.Response(body=file)
        if path.startswith("/own/npm/") and (page := self._npm(path.removeprefix("/own/npm/"))) is not None:
            return page
        if path.startswith("/own/cargo/") and (found := self._cargo(path.removeprefix("/own/cargo/"))) is not None:
            return web.Response(body=found)
        return web.Response(status=404)

    def _cargo(self, path: str) -> bytes | None:
        if path == "config.json":
            place = f"http://127.0.0.1:{self.port}/own/cargo/files/{{lowerprefix}}/{{crate}}-{{version}}.crate"
            return json.dumps({"dl": place, "api": "https://secret.test"}).encode()
        lines = []
        for (name, version), content in self.crates.items():
            folder = f"{name[:2]}/{name[2:4]}"
            if path == f"files/{folder}/{name}-{version}.crate":
                return content
            if path == f"{folder}/{name}":
                told = {"name": name, "vers": version, "deps": [], "features": {}, "yanked": False}
                lines.append(json.dumps({**told, "cksum": hashlib.sha256(content).hexdigest()}))
        return "".join(f"{line}\n" for line in lines).encode() if lines else None

    def _maven(self, path: str) -> bytes | None:
        if path in self.maven:
            return self.maven[path]
        content = self.maven.get(path.removesuffix(".sha1"))
        return hashlib.sha1(content).hexdigest().encode() if content else None  # noqa: S324

    def _npm(self, path: str) -> web.Response | None:
        name = path.replace("%2f", "/")
        if name in self.npm:
            manifest, content = self.npm[name]
            file = f"http://127.0.0.1:{self.port}/own/npm/{name}/-/{_file(manifest)}"
            version = {**manifest, "dist": {"tarball": file, "integrity": _integrity(content)}}
            number = str(manifest["version"])
            page = {"name": name, "dist-tags": {"latest": number}, "versions": {number: version}, "readme": "secret"}
            return web.Response(body=json.dumps(page).encode(), content_type="application/json")
        name, _, file = path.partition("/-/")
        is_there = name in self.npm and file == _file(self.npm[name][0])
        return web.Response(body=self.npm[name][1]) if is_there else None


def _file(manifest: Mapping[str, object]) -> str:
    return f"{str(manifest['name']).rpartition('/')[2]}-{manifest['version']}.tgz"


def _integrity(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
