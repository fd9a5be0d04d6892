// MiniSearch and Orama: indexing, and the best ten. Called by benches/peers/run:
//
//   node engine.mjs minisearch|orama COLLECTION LOG
//
// Prints one line of JSON. Fields and weights are those of the other engines; the last word may be unfinished, and
// words may have typing errors, because visitors of a help centre make them.

import { readFileSync } from 'node:fs'
import { hrtime, memoryUsage, cpuUsage, argv } from 'node:process'

const SEARCHES = { minisearch: 300, orama: 300 }
const [, , name, collection, log] = argv
const lines = (file) => readFileSync(file, 'utf8').trimEnd().split('\n')
const articles = lines(collection).map((line) => JSON.parse(line))
const texts = lines(log).slice(0, SEARCHES[name])

async function minisearch() {
  const { default: MiniSearch } = await import('minisearch')
  const index = new MiniSearch({
    fields: ['title', 'headings', 'body'],
    storeFields: ['title'],
    searchOptions: {
      boost: { title: 3, headings: 2 },
      prefix: (_term, at, terms) => at === terms.length - 1,
      fuzzy: (term) => (term.length > 3 ? 0.2 : false),
    },
  })
  return {
    fill: () => index.addAll(articles),
    search: (text) => index.search(text).slice(0, 10),
  }
}

async function orama() {
  const { create, insertMultiple, search } = await import('@orama/orama')
  const index = create({ schema: { title: 'string', headings: 'string', body: 'string' } })
  return {
    fill: () => insertMultiple(index, articles.map((article) => ({ ...article, id: String(article.id) })), 500),
    search: async (text) => {
      const found = await search(index, { term: text, limit: 10, tolerance: 1, threshold: 1, boost: { title: 3, headings: 2 } })
      return found.hits
    },
  }
}

const seconds = (since) => Number(hrtime.bigint() - since) / 1e9
const engine = await { minisearch, orama }[name]()
let began = hrtime.bigint()
await engine.fill()
const indexing = seconds(began)

for (const text of texts.slice(0, 50)) await engine.search(text)
const took = []
let found = 0
const before = cpuUsage()
for (const text of texts) {
  began = hrtime.bigint()
  const hits = await engine.search(text)
  took.push(seconds(began) * 1e6)
  found += hits.length > 0
}
const busy = cpuUsage(before)
took.sort((a, b) => a - b)
const percentile = (share) => took[Math.max(0, Math.ceil(share * took.length) - 1)]
console.log(JSON.stringify({
  articles: articles.length,
  index_s: indexing,
  per_second: articles.length / indexing,
  resident_mib: memoryUsage().rss / 2 ** 20,
  search: {
    searches: texts.length,
    found: found / texts.length,
    p50_us: percentile(0.5),
    p99_us: percentile(0.99),
    max_us: took.at(-1),
    processor_us: (busy.user + busy.system) / texts.length,
  },
}))
