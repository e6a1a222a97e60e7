// The demo on a real access log, where one is present beside the project: 10,000 lines in which 94 of 100 are behind the
// largest time before them.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { accessLog, accessLogLines, clickCounts } from '../../examples/clicks.ts'
import { ClickTable } from '../../examples/clicks/click-table.ts'
import { Importer } from '../../examples/clicks/importer.ts'
import { openSource } from '../../examples/clicks/source.ts'
import { startStreams } from '../../src/runtime/start-streams.ts'
import { countedAsJson, inEngineOrder, partitionOfText, readLines } from '../support/access-log.ts'
import { runExample } from '../support/example.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const path = fileURLToPath(new URL('../../../shared/data/apache-access.log', import.meta.url))
const tight = { windowMs: 10_000, graceMs: 0 }

describe.runIf(existsSync(path))('a real access log', () => {
  const lines = existsSync(path) ? readLines(readFileSync(path)) : []

  test('is what it is known to be', () => {
    expect(lines).toHaveLength(10_000)
    expect(lines.flatMap(({ isMalformed }, index) => (isMalformed ? [index + 1] : []))).toEqual([8_899])
  })

  test('gives the counts of a plain loop', async () => {
    const outcome = await runExample('clicks/main', ['--json', '--dir', temporaryDirectory(), path])
    expect(outcome).toMatchObject({ code: 0, stdout: countedAsJson(lines, { windowMs: 60_000, graceMs: 60_000 }) })
  })

  test('with short windows and no grace, is late by the order of the engine', async () => {
    const args = ['--json', '--window', '10s', '--grace', '0', '--dir', temporaryDirectory(), path]
    const laneOf = (page: string): number => partitionOfText(page, 4)
    const expected = countedAsJson(inEngineOrder(lines, 4), { ...tight, laneOf })
    expect(expected).not.toBe(countedAsJson(lines, { ...tight, laneOf }))
    expect(await runExample('clicks/main', args)).toMatchObject({ code: 0, stdout: expected })
  })

  test('in one partition, is late by the order of the file', async () => {
    const { log, dir } = openTestLog()
    await using importer = await Importer.open(log, { ...accessLogLines, partitions: 1 })
    await importer.import(await openSource(path, dir), { follow: false, signal: new AbortController().signal })
    const job = clickCounts({ ...tight, from: { ...accessLog, partitions: 1 } })
    const { topology, applicationId } = job
    await using app = await startStreams(topology, { log, applicationId, onError: 'deadLetter' })
    await app.caughtUp()
    const table = new ClickTable(log, job)
    await table.update()
    const printed = [...table.rows(), { summary: table.summary(app.metrics()) }]
    expect(printed.map((row) => `${JSON.stringify(row)}\n`).join('')).toBe(countedAsJson(lines, tight))
  })
})
