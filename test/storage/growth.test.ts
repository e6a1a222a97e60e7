// A log grows past the address space that was reserved for it, in every process that has it open, without a restart.
import { expect, onTestFinished, test } from 'vitest'
import { Environment } from '../../src/storage/environment.ts'
import { startProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const mapBytes = 2 ** 20
const rows = 40
const valueBytes = 200_000
const rowOf = (n: number): Buffer => Buffer.from(`row ${String(n).padStart(3, '0')}`)

test('what several processes and handles write is there for all of them', async () => {
  const dir = temporaryDirectory()
  const open = (): Environment => {
    const environment = Environment.openNow(dir, { mapBytes })
    onTestFinished(() => environment.close())
    return environment
  }
  const [writer, reader] = [open(), open()]
  const other = startProgram('commit-on-request', [dir, String(mapBytes)])
  expect(await other.line()).toBe('open')
  for (let n = 0; n < rows; n++) {
    writer.write((transaction) => transaction.put('batches', rowOf(n), Buffer.alloc(valueBytes, n)))
    other.say(`said ${n}`)
    expect(await other.line()).toBe(`said ${n}`)
    reader.refresh()
    expect(reader.get('batches', rowOf(n))?.equals(Buffer.alloc(valueBytes, n))).toBe(true)
    expect(reader.get('meta', Buffer.from(`said ${n}`))?.toString()).toBe(`said ${n}`)
  }
  const { fileBytes, mapBytes: mappedBytes } = reader.statistics()
  expect(fileBytes).toBeGreaterThan(rows * valueBytes)
  expect(mappedBytes).toBeGreaterThan(fileBytes)
  // A transaction that needs many times what is mapped.
  writer.write((transaction) => {
    for (let n = 0; n < 5 * rows; n++) transaction.put('state', rowOf(n), Buffer.alloc(valueBytes, n))
  })
  reader.refresh()
  expect(reader.keys('state', Buffer.from('row '), Buffer.from('row~'), 1_000)).toHaveLength(5 * rows)
  expect(writer.growableBytes()).toBe(Infinity)
})
