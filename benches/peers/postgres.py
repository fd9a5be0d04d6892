"""PostgreSQL's full text search in a cluster of its own, asked by psql, which tells the time of each statement."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

SEARCHES = 300
TABLE = """
create table a(id int primary key, title text, headings text, body text, words tsvector generated always as (
  setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', headings), 'B')
  || setweight(to_tsvector('english', left(body, 900000)), 'C')) stored);
"""
# The best ten, each with a passage.
SEARCH = """
prepare s(text) as with best as (
  select title, body, q, ts_rank_cd(words, q) as rank from a, to_tsquery('english', $1) q
  where words @@ q order by rank desc limit 10)
select title, ts_headline('english', body, q, 'MaxWords=35,MinWords=15,MaxFragments=1') from best order by rank desc;
"""


def find():
    """The newest installed server's programs."""
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def measure(programs, collection, log, work, processor):
    """Figures as the other engines print them, except that the processor's time is not known."""
    folder = pathlib.Path(work) / "postgres"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # A server never runs as root.
    user = []
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        user = ["runuser", "-u", "postgres", "--"]

    def call(*command):
        subprocess.run([*user, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def psql(text):
        command = ["taskset", "-c", processor, "psql", "-h", folder, "-U", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"psql: {done.stderr}")
        return done.stdout

    call(programs / "initdb", "-D", folder / "d", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses= -c shared_buffers=512MB -c jit=off -c max_parallel_workers_per_gather=0"
    call("taskset", "-c", processor, programs / "pg_ctl", "-D", folder / "d", "-o", options, "-l", folder / "log", "-w", "start")
    try:
        articles = [json.loads(line) for line in collection.read_text().splitlines()]
        clean = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": ""})
        rows = "\n".join("\t".join([str(article["id"]), *(article[field].translate(clean) for field in
                         ("title", "headings", "body"))]) for article in articles)
        began = time.perf_counter()
        psql(TABLE + "copy a(id, title, headings, body) from stdin;\n" + rows + "\n\\.\n"
             "create index on a using gin(words); analyze a;")
        spent = time.perf_counter() - began
        texts = [any_word(text) for text in log.read_text().splitlines()[:SEARCHES]]
        # The second time is measured, when everything was read once.
        statements = "".join(f"execute s('{text}');\n" for text in texts)
        said = psql(SEARCH + statements + "\\timing on\n" + statements)
        took = sorted(float(ms) * 1e3 for ms in re.findall(r"^Time: ([\d.]+) ms", said, re.M))
        size = float(psql("select pg_total_relation_size('a')/1e6"))
    finally:
        call(programs / "pg_ctl", "-D", folder / "d", "-m", "fast", "stop")
    return {
        "articles": len(articles), "index_s": spent, "per_second": len(articles) / spent, "size_mb": size,
        "search": {"searches": len(took), "p50_us": took[len(took) // 2], "p99_us": took[int(len(took) * 0.99)],
                   "max_us": took[-1], "processor_us": sum(took) / len(took)},
    }


def any_word(text):
    words = re.findall(r"[^\W_]+", text.lower()) or ["x"]
    return " | ".join(words[:-1] + [words[-1] + ":*"])
