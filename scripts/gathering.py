"""Prints the adjusted Rand index of Zerodesk (JSON on standard input) beside that of k-means, for each set named."""

import json
import sys
from pathlib import Path

from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score

SEEDS = 5


def rows(path):
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line]


def kmeans(folder):
    """The mean over several seeds; the number of clusters is the true one."""
    articles = {}
    for question, article in rows(folder / "removed_qrels.tsv"):
        articles.setdefault(question, article.strip())
    asked = [(row[1], articles[row[0]]) for row in rows(folder / "unanswerable.tsv") if row[0] in articles]
    texts, truth = zip(*asked)
    vectors = TfidfVectorizer().fit_transform(texts)
    clusters = len(set(truth))
    found = (KMeans(clusters, n_init=10, random_state=seed).fit_predict(vectors) for seed in range(SEEDS))
    return sum(adjusted_rand_score(truth, labels) for labels in found) / SEEDS


print(f"{'set':<26}{'questions':>10}{'articles':>10}{'zerodesk':>10}{'k-means':>10}")
ours, theirs = [], []
for row, folder in zip(json.load(sys.stdin), map(Path, sys.argv[1:])):
    measured = row["adjusted_rand"]
    if measured is None or row["questions"] == row["articles"]:
        why = "each question has an article of its own" if row["questions"] else "no article was taken out"
        print(f"{row['set']:<26}{row['questions']:>10}{row['articles']:>10}   {why}")
        continue
    ours.append(measured)
    theirs.append(kmeans(folder))
    print(f"{row['set']:<26}{row['questions']:>10}{row['articles']:>10}{ours[-1]:>10.3f}{theirs[-1]:>10.3f}", flush=True)
if ours:
    print(f"{'mean':<46}{sum(ours) / len(ours):>10.3f}{sum(theirs) / len(theirs):>10.3f}")
sys.exit(sum(ours) < sum(theirs))
