// A read that comes after its snapshot has lapsed, with commits of others in between: rows are those of one commit all the same.
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { Environment } from '../../src/storage/environment.ts'
import type { StateWriter } from '../../src/storage/state-rows.ts'
import { openTestLog } from '../support/open.ts'
import { storeIdsOf } from '../support/store-ids.ts'

const valueOf = (text: string): Buffer => Buffer.concat([Buffer.alloc(8), Buffer.from(text)])
const end = Buffer.from('~')

test('rows that are read after the event loop has gone round are those of one commit, tree and journal alike', async () => {
  const { embedded, dir } = openTestLog()
  const other = new EmbeddedLog(Environment.openNow(dir))
  onTestFinished(() => other.environment.close())
  const [storeId = 0] = storeIdsOf(other, 'app', ['rows'])
  const commit = (work: (writer: StateWriter) => void): void =>
    other.environment.write((transaction) => {
      const changes = other.state.begin(transaction)
      work(changes)
      other.state.end(changes, 0)
    })
  const write = (rows: number, value: string): void =>
    commit((writer) => {
      for (let i = 0; i < rows; i++) writer.put(storeId, 0, Buffer.from(`key ${i}`), valueOf(value))
    })
  const counts = (): readonly [number, number] => {
    const rows = embedded.state.range(storeId, 0, Buffer.alloc(0), end, 1_000)
    return [rows.length, new Set(rows.map(({ value }) => value.toString('utf8', 8))).size]
  }
  for (let at = 0; at < 20; at++) {
    write(100, `value ${at}`)
    // All rows go to the tree, and some of them are in the journal once more.
    for (let i = 0; i < 40; i++) commit((writer) => writer.put(storeId, 0, Buffer.from('~~'), valueOf('x'.repeat(500))))
    write(50, `value ${at}`)
    embedded.refresh()
    expect(counts()).toEqual([100, 1])
    await pause(2) // the snapshot lapses
    commit((writer) => writer.removeRange(storeId, 0, Buffer.alloc(0), end))
    expect([
      [100, 1],
      [0, 0],
    ]).toContainEqual(counts())
  }
})
