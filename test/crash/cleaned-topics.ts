// The topics of the cleaner's kill loop. A record's value is its offset, so that each says where it belongs.
import { string, topic } from '../../src/index.ts'

/** How many keys the compacted topic has: the key of a record is its offset modulo this. */
export const keyCount = 50

export const table = topic('table', { key: string(), value: string(), cleanupPolicy: 'compact' })
export const ring = topic('ring', { key: string(), value: string(), retentionBytes: 60_000 })
