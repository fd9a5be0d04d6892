"""Servers under test: how each is started, filled and asked. Each runs on processor 0, its load comes from processor 1."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

SERVER, LOAD = "0", "1"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def pinned(processor, *command, first=()):
    return [*first, "taskset", "-c", processor, *map(str, command)]


def ask(port, path, body=None, method=None):
    """Status and body of one reply; None while nothing listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method or ("POST" if body else "GET"), path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    except ConnectionError:
        return None
    finally:
        connection.close()


class Server:
    """A process that answers on a port of its own until the block ends."""

    path, body, sonic = "/?q={}", None, None

    def __init__(self, name, first=()):
        self.name, self.first, self.port = name, first, free_port()

    def command(self):
        raise NotImplementedError

    def answers(self):
        return ask(self.port, "/") is not None

    @contextlib.contextmanager
    def running(self, log):
        began = time.perf_counter()
        with open(log, "ab") as out:
            process = subprocess.Popen(pinned(SERVER, *self.command(), first=self.first), stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=out)
        try:
            while not self.answers():
                if process.poll() is not None:
                    raise SystemExit(f"{self.name} ended; see {log}")
                time.sleep(0.001)
            self.start_ms = (time.perf_counter() - began) * 1e3
            self.process = process.pid
            yield self
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Floor(Server):
    def __init__(self, program, reply, first=()):
        super().__init__(f"floor-{reply}", first)
        self.program, self.reply = program, reply

    def command(self):
        return [self.program, "floor", f"127.0.0.1:{self.port}", self.reply]


class Zerodesk(Server):
    path = "/api/v1/search?q={}"

    def __init__(self, program, articles, work, first=()):
        super().__init__("zerodesk", first)
        self.program, self.articles, self.work = program, articles, pathlib.Path(work)

    def command(self):
        # One visitor asks as much as a whole site here, so the limits are off; all else is as it comes.
        return [self.program, "serve", "--articles", self.articles, "--index", self.work / "index", "--data",
                self.work / "data", "--listen", f"127.0.0.1:{self.port}", "--limits", "off"]

    def answers(self):
        reply = ask(self.port, "/api/v1/search?q=how+to+begin")
        return reply is not None and reply[0] == 200


class Meilisearch(Server):
    path = "/indexes/a/search"

    def __init__(self, program, work, crop, first=()):
        super().__init__("meilisearch" if crop else "meilisearch-plain", first)
        self.program, self.work = program, pathlib.Path(work)
        wanted = {"limit": 10, "attributesToRetrieve": ["id", "title"]}
        if crop:
            wanted |= {"attributesToHighlight": ["title"], "attributesToCrop": ["body"], "cropLength": 30}
        self.body = '{"q":{},' + json.dumps(wanted)[1:]

    def command(self):
        return [self.program, "--http-addr", f"127.0.0.1:{self.port}", "--no-analytics", "--env", "development",
                "--db-path", self.work / "meilisearch", "--log-level", "WARN"]

    def answers(self):
        return ask(self.port, "/health") is not None

    def task(self, method, path, body):
        number = json.loads(ask(self.port, path, body, method)[1])["taskUid"]
        while True:
            task = json.loads(ask(self.port, f"/tasks/{number}")[1])
            if task["status"] == "succeeded":
                return
            if task["status"] in ("failed", "canceled"):
                raise SystemExit(f"Meilisearch: {task}")
            time.sleep(0.01)

    def fill(self, collection):
        self.task("POST", "/indexes", json.dumps({"uid": "a", "primaryKey": "id"}))
        self.task("PATCH", "/indexes/a/settings", json.dumps({"searchableAttributes": ["title", "headings", "body"]}))
        lines = collection.read_text().splitlines()
        for at in range(0, len(lines), 5000):
            self.task("POST", "/indexes/a/documents", "[" + ",".join(lines[at:at + 5000]) + "]")


class Sonic(Server):
    sonic = "only-for-this-run"

    def __init__(self, program, work, first=()):
        super().__init__("sonic", first)
        self.program, self.work = program, pathlib.Path(work) / "sonic"
        self.work.mkdir(parents=True, exist_ok=True)
        (self.work / "config.cfg").write_text(
            f'[server]\nlog_level = "error"\n[channel]\ninet = "127.0.0.1:{self.port}"\n'
            f'auth_password = "{self.sonic}"\n[store]\n[store.kv]\npath = "{self.work}/kv/"\n[store.kv.pool]\n'
            f'[store.kv.database]\n[store.fst]\npath = "{self.work}/fst/"\n[store.fst.pool]\n[store.fst.graph]\n')

    def command(self):
        return [self.program, "-c", self.work / "config.cfg"]

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def fill(self, collection):
        with socket.create_connection(("127.0.0.1", self.port)) as connection, connection.makefile("rwb") as lines:
            def say(line):
                lines.write(line.encode() + b"\r\n")
                lines.flush()
                return lines.readline().decode()
            lines.readline()
            say(f"START ingest {self.sonic}")
            for article in map(json.loads, collection.read_text().splitlines()):
                text = " ".join(f"{article['title']} {article['headings']} {article['body']}".split())
                text = text.replace('"', "").replace("\\", "").encode()
                for at in range(0, len(text), 15_000):
                    part = text[at:at + 15_000].decode(errors="ignore")
                    reply = say(f'PUSH a default {article["id"]} "{part}" LANG(eng)')
                    if not reply.startswith("OK"):
                        raise SystemExit(f"Sonic: {reply}")


def load(program, server, log, seconds, connections, skip=0, rate=None, warm=1.0, first=()):
    """Figures of one load."""
    command = [program, "load", f"127.0.0.1:{server.port}", "--log", log, "--seconds", seconds, "--connections",
               connections, "--skip", skip, "--warm", warm, "--path", server.path, "--server", server.process]
    command += ["--body", server.body] if server.body else []
    command += ["--sonic", server.sonic] if server.sonic else []
    command += ["--rate", rate] if rate else []
    return figures(pinned(LOAD, *command, first=first))


def figures(command):
    """What a part of the comparison printed."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def size_mb(folder):
    return sum(file.stat().st_size for file in pathlib.Path(folder).rglob("*") if file.is_file()) / 1e6
