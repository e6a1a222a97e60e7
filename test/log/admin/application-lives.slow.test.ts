// Applications against a model: whatever is done to them, and however they end, each has counted what it has read since it was made or
// reset, once, and nothing of it is left when it is deleted.
import fc from 'fast-check'
import { int64, keyValueStore, string, topic, type Topology } from 'millrace'
import { expect, test } from 'vitest'
import { databaseNames } from '../../../src/storage/databases.ts'
import { openTestLog } from '../../support/open.ts'
import { start } from '../../support/applications.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { topologyOf } from '../../support/topology.ts'
import { lines } from '../../support/topics.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const counted = topic('counted', { key: string(), value: int64() })
const counting: Topology = topologyOf((builder) => {
  builder.stream(lines).groupByKey().count({ store: counts }).toStream().to(counted)
})

/** What an application is known to have. */
interface Life {
  /** Where it began. */
  readonly from: number
  /** How far it has read. */
  to: number
}

type Step =
  | { readonly kind: 'send'; readonly keys: readonly string[] }
  | { readonly kind: 'run' | 'lose' | 'delete'; readonly app: string }
  | { readonly kind: 'reset'; readonly app: string; readonly at: number; readonly isEmptying: boolean }

const app = fc.constantFrom('one', 'two')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), keys: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 }) }),
  fc.record({ kind: fc.constantFrom('run' as const, 'run' as const, 'lose' as const, 'delete' as const), app }),
  fc.record({ kind: fc.constant('reset' as const), app, at: fc.nat(1), isEmptying: fc.boolean() }),
)

test('an application has counted each record once since its last reset, through any life', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const dir = temporaryDirectory()
      let { log, environment } = openTestLog(dir)
      const sent: string[] = []
      const lives = new Map<string, Life>()
      await log.admin.createTopic(lines)
      for (const one of steps) {
        if (one.kind === 'send') {
          await log.producer().sendMany(
            lines,
            one.keys.map((key) => ({ key, value: '', timestamp: sent.length })),
          )
          sent.push(...one.keys)
          continue
        }
        const life = lives.get(one.app)
        if (one.kind === 'run' || one.kind === 'lose') {
          const running = await start(log, counting, { applicationId: one.app })
          await running.caughtUp()
          lives.set(one.app, { from: life?.from ?? 0, to: sent.length })
          expect(await rejectionOf(log.admin.deleteApplication(one.app))).toMatchObject({ code: 'application_running' })
          if (one.kind === 'run') await running.close()
          else {
            // Its log goes without it, as with a process that ends.
            await log.close()
            ;({ log, environment } = openTestLog(dir))
          }
        } else if (life === undefined) {
          const act =
            one.kind === 'delete'
              ? log.admin.deleteApplication(one.app)
              : log.admin.resetApplication(one.app, { to: 'beginning' })
          expect(await rejectionOf(act)).toMatchObject({ code: 'application_unknown' })
        } else if (one.kind === 'delete') {
          await log.admin.deleteApplication(one.app)
          lives.delete(one.app)
        } else if (one.kind === 'reset') {
          const from = Math.floor(one.at * sent.length)
          const outputs = one.isEmptying ? 'empty' : 'keep'
          await log.admin.resetApplication(one.app, { to: { offsets: { lines: [from] } }, outputs })
          lives.set(one.app, { from, to: from })
        }
        const listed = await log.admin.applications()
        expect(listed.map(({ applicationId, lag }) => `${applicationId} ${lag}`)).toEqual(
          [...lives].map(([name, { to }]) => `${name} ${sent.length - to}`).toSorted(),
        )
        for (const [name, { from, to }] of lives) {
          const rows = [...log.store(name, counts).range()].map(({ key, value }) => [key, value] as const)
          expect(Object.fromEntries(rows)).toEqual(countsOf(sent.slice(from, to)))
        }
        expect((await log.admin.verify()).problems).toEqual([])
      }
      for (const name of lives.keys()) await log.admin.deleteApplication(name)
      environment.refresh()
      const left = databaseNames.filter((name) => environment.rowCount(name) > 0)
      expect(left.filter((name) => ['applications', 'stores', 'state', 'journal', 'positions'].includes(name))).toEqual(
        [],
      )
      await log.close()
    }),
    { numRuns: 12 },
  )
})

function countsOf(keys: readonly string[]): Readonly<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const key of keys) found[key] = (found[key] ?? 0) + 1
  return found
}
