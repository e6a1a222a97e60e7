// An application may read more partitions than a function takes arguments.
import { expect, test } from 'vitest'
import type { ApplicationsLog, KeptVersion } from '../../../src/log/admin/application-log.ts'
import { describeVersion } from '../../../src/log/admin/application-listing.ts'

test('a version with very many positions is described', () => {
  const positions = Array.from({ length: 250_000 }, (_, partition) => ({ partition, committedMs: partition }))
  const log = {
    positions: { list: () => positions },
    topics: { named: () => [] },
    applications: { runnerOf: () => undefined, fencedOf: () => undefined, figures: () => undefined },
  } as unknown as ApplicationsLog
  const kept = { name: 'app', row: { applicationId: 'app', version: 'v1', session: null } } as unknown as KeptVersion
  expect(describeVersion(log, kept).lastCommitMs).toBe(249_999)
})
