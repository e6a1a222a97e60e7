/**
 * `millrace stats`: what takes the space of the file.
 */
import type { Admin } from '../../log/admin/face.ts'
import { shownBytes } from '../../inspect/amounts.ts'
import { counted, sum } from '../../inspect/counts.ts'
import { declareVerb, type Verb } from '../verb.ts'

/** A part of the file. */
interface Part {
  readonly kind: 'topic' | 'store' | 'rest' | 'free' | 'file'
  readonly name: string | null
  /** Of a store: whose it is. */
  readonly application: string | null
  readonly version: string | null
  /** Records of a topic, rows of a store, pages that are free. */
  readonly count: number | null
  readonly bytes: number
}

export const verb: Verb = declareVerb({
  about:
    'Topics and stores, the largest first; the rest: positions, catalogues, and what LMDB needs to find things; the pages ' +
    'that are free and used again before the file grows; and the file, which never shrinks. A backup that is restored is ' +
    'as small as it can be. Sizes of stores are estimated from some of their rows.',
  examples: [
    { does: 'The largest topics', line: 'millrace stats | head -n 5' },
    { does: 'The largest topic', line: 'millrace stats --json | jq -r \'select(.kind == "topic").name\' | head -n 1' },
  ],
  async run(_, { openLog, out, say }) {
    const { admin } = await openLog()
    const largestFirst = (parts: readonly Part[]): Part[] => parts.toSorted((a, b) => b.bytes - a.bytes)
    const parts = [...largestFirst(await topicsOf(admin)), ...largestFirst(await storesOf(admin))]
    const { fileBytes, usedBytes, freeBytes, freePages, pageBytes, readers, oldestReader } = await admin.stats()
    const rest = Math.max(0, usedBytes - sum(parts, ({ bytes }) => bytes))
    const all: readonly Part[] = [
      ...parts,
      { ...nothing, kind: 'rest', bytes: rest },
      { ...nothing, kind: 'free', count: freePages, bytes: freeBytes },
      { ...nothing, kind: 'file', bytes: fileBytes },
    ]
    await out.rows(all, [
      { head: 'KIND', of: ({ kind }) => kind },
      { head: 'NAME', of: nameOf },
      { head: 'COUNT', of: ({ count }) => count },
      { head: 'SIZE', of: ({ bytes }) => shownBytes(bytes) },
      { head: 'SHARE', of: ({ bytes }) => `${Math.round((bytes / fileBytes) * 100)}%` },
    ])
    say(`pages of ${shownBytes(pageBytes)}; ${counted(readers.length, 'reader')}`)
    const behind = oldestReader?.commitsBehind ?? 0
    if (oldestReader !== null && behind > 0) {
      say(
        `process ${oldestReader.pid} reads a snapshot that is ${counted(behind, 'commit')} old: pages freed since are not used again`,
      )
    }
  },
})

const nothing = { name: null, application: null, version: null, count: null }

function nameOf({ name, application, version }: Part): string | null {
  return application === null ? name : `${application}@${version} ${name}`
}

async function topicsOf(admin: Admin): Promise<Part[]> {
  const topics = await admin.listTopics({ hidden: true })
  const sizes = await admin.logSizes(topics)
  return sizes.map(({ topic, records, bytes }) => ({ ...nothing, kind: 'topic', name: topic, count: records, bytes }))
}

async function storesOf(admin: Admin): Promise<Part[]> {
  const parts: Part[] = []
  for (const { applicationId, versions } of await admin.applications()) {
    for (const { version } of versions) {
      const { stores } = await admin.describeApplication(applicationId, { version })
      for (const { name, rows, bytes } of stores) {
        parts.push({ kind: 'store', name, application: applicationId, version, count: rows, bytes })
      }
    }
  }
  return parts
}
