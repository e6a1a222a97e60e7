/**
 * What a record costs in each family of operators with state, beside the same job by hand.
 *
 * Both sides write the same records to an output topic, and these are compared: neither can be fast by doing less.
 */
import { type Bench, type Figure, figure } from '../figure.ts'
import { families as topologies, type FamilyName } from '../jobs/families.ts'
import { familiesByHand } from '../limit/families.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import type { Cell, Table } from '../table.ts'
import type { JoinOptions } from '../workload.ts'

type NameByHand = keyof typeof familiesByHand

const fewKeys = 100
const ratioMin = 0.7
/** Stands for all that have a loop by hand: what there is a ratio of. */
const compared = 'compared'
/** With few keys more records say nothing more, however many it takes to see all of many keys. */
const recordsOfFewMax = 600_000
const isJoin = (name: FamilyName): boolean => /join/i.test(name)

export const families = familyFigure({
  name: 'families',
  about: 'what a record costs in each family of operators with state, by the number of keys',
  isPart: (name) => !isJoin(name),
  reading:
    'CPU time of all threads, user and system, from the end of the first third to the end of the last commit: until then much of it ' +
    'goes into compiling, on either side. A key has two records in the length of a window, whatever the number of keys. The loops by ' +
    'hand write the same records to an output topic, which are compared, and their rows to LMDB, in one durable transaction with the ' +
    'position. They leave out what their input does not need: records that are late or fail, a turn that is undone, more than one ' +
    'partition, and the way back from the disk after a restart. Those of windows keep all that is open in memory, whatever that ' +
    'takes; millrace keeps to its 64 MiB. The ratio is of rates. `--only` chooses families by their names; `--only compared` those ' +
    'that have a loop by hand. It takes twice as many records as there are keys to see most of these.',
})

export const joins = familyFigure({
  name: 'joins',
  about: 'what a record costs in each kind of join, by the number of keys',
  isPart: isJoin,
  reading:
    'Measured as the families are. The loops by hand of a join of streams and of one by a foreign key keep all of their rows in memory ' +
    'too, whatever that takes.',
})

function familyFigure(spec: {
  readonly name: string
  readonly about: string
  readonly reading: string
  readonly isPart: (name: FamilyName) => boolean
}): Figure {
  const { isPart, ...words } = spec
  const names = (Object.keys(topologies) as FamilyName[]).filter(isPart)
  const namesByHand = names.filter(isByHand)
  const otherNames = names.filter((name) => !isByHand(name))
  return figure({
    ...words,
    defaults: { records: 600_000, commit: 10_000, keys: 100_000, runs: 3 },
    parts: [compared, ...namesByHand, ...otherNames],
    async measure(bench, { records, commit, keys, runs }, only) {
      const isChosen = (name: FamilyName): boolean =>
        only.length === 0 || only.includes(name) || (only.includes(compared) && isByHand(name))
      const chosen = { byHand: namesByHand.filter(isChosen), others: otherNames.filter(isChosen) }
      const tables: Table[] = []
      for (const size of new Set([Math.min(fewKeys, keys), keys])) {
        const enough = size < keys ? Math.min(records, recordsOfFewMax) : records
        tables.push(await measureWith(bench, runs, { keys: size, records: enough, recordsPerCommit: commit }, chosen))
      }
      return tables
    },
  })
}

function isByHand(name: FamilyName): name is NameByHand {
  return name in familiesByHand
}

async function measureWith(
  bench: Bench,
  runs: number,
  load: Omit<JoinOptions, 'dir'>,
  chosen: { readonly byHand: readonly NameByHand[]; readonly others: readonly FamilyName[] },
): Promise<Table> {
  const byHand = new Map<FamilyName, number[]>()
  const ours = new Map<FamilyName, number[]>()
  for (let run = 1; run <= runs; run++) {
    const options = { dir: bench.directory('families'), ...load }
    await bench.run('millrace produce sides', options)
    for (const family of chosen.byHand) {
      const onHand = { dir: bench.directory('families-by-hand'), ...load }
      await bench.run('limit produce sides', onHand)
      const limit = await bench.run('limit run family', { ...onHand, family })
      const millrace = await bench.run('run family', { ...options, family })
      if (limit.fingerprint !== millrace.fingerprint) {
        throw new Error(
          `${family}: the two sides have different results: ${limit.fingerprint} by hand, ${millrace.fingerprint}`,
        )
      }
      add(byHand, family, limit.nsOfCpu)
      add(ours, family, millrace.nsOfCpu)
    }
    for (const family of chosen.others)
      add(ours, family, (await bench.run('run family', { ...options, family })).nsOfCpu)
    bench.progress(`families: ${load.keys} keys, run ${run} of ${runs}`)
  }
  const spread = (of: Map<FamilyName, number[]>, family: FamilyName): Spread => spreadOf(of.get(family) ?? [])
  const rowsByHand = chosen.byHand.map((family): Cell[] => {
    const [limit, millrace] = [spread(byHand, family), spread(ours, family)]
    return [family, limit, millrace, limit.median / millrace.median, ratioMin]
  })
  const others = chosen.others.map((family): Cell[] => [family, '–', spread(ours, family), '–', '–'])
  return {
    title: `${load.keys} keys, ${load.records} records of two topics, ${load.recordsPerCommit} a commit, ${runs} runs; ns of CPU for each record`,
    columns: ['operators', 'by hand', 'millrace', 'ratio', 'aim'],
    rows: [...rowsByHand, ...others],
  }
}

function add(to: Map<FamilyName, number[]>, family: FamilyName, ns: number): void {
  to.set(family, [...(to.get(family) ?? []), ns])
}
