// Records that a compression could not unpack again are stored as they are, so that what is acknowledged can be read.
import { expect, onTestFinished, test, vi } from 'vitest'
import { completed, readBatch } from '../../support/batches.ts'

const compression = '../../../src/log/format/compression.ts'

test('a batch that could not be unpacked again is stored without compression', async () => {
  // Test files share their modules: the others must not get this one.
  onTestFinished(() => {
    vi.doUnmock(compression)
    vi.resetModules()
  })
  vi.resetModules()
  vi.doMock(compression, async (original) => ({ ...(await original<object>()), pack: () => undefined }))
  const { BatchBuilder } = await import('../../../src/log/format/batch.ts')
  const { attributesAt } = await import('../../../src/log/format/header.ts')
  const builder = new BatchBuilder('zstd')
  const text = Buffer.from('text')
  for (let i = 0; i < 2; i++) builder.append(0, text, 0, 4, 0, 4, [])
  const batch = completed(builder)
  expect(batch[attributesAt + 1]).toBe(0)
  expect(readBatch(batch, 0)).toHaveLength(2)
})
