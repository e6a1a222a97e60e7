// What must hold of the cleaner's topics at any moment, whoever was killed.
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { recordsOf, segmentBooks } from '../support/partition-contents.ts'
import { keyCount, ring, table } from './cleaned-topics.ts'

/** @param acked the end of each topic that was acknowledged */
export function cleaningViolations(log: EmbeddedLog, acked: Readonly<Record<string, number>>): string[] {
  return [table, ring].flatMap(({ name, config }) => {
    const partition = { topic: name, topicId: log.topics.describe(name).id, partition: 0 }
    const { startOffset, endOffset, bytes } = log.partitions.row(partition)
    const violations: string[] = []
    if (endOffset < (acked[name] ?? 0)) violations.push(`it ends at ${endOffset}, but ${acked[name]} was acknowledged`)
    const records = recordsOf(log, partition)
    for (const { offset, key, value } of records) {
      const isRight = textOf(key) === `${offset % keyCount}` && textOf(value).trimEnd() === `${offset}`
      if (!isRight) violations.push(`offset ${offset} holds another record`)
    }
    const offsets = new Set(records.map(({ offset }) => offset))
    // Of the compacted topic the newest of each key, of the other one everything from its beginning on.
    const first = name === table.name ? Math.max(0, endOffset - keyCount) : startOffset
    for (let offset = first; offset < endOffset; offset++) {
      if (!offsets.has(offset)) violations.push(`offset ${offset} is missing`)
    }
    if (name === table.name && startOffset > 0) violations.push('its beginning was deleted')
    if (name === ring.name && startOffset > 0 && bytes < (config.retentionBytes ?? 0)) {
      violations.push(`only ${bytes} bytes are left`)
    }
    const { booked, counted } = segmentBooks(log, partition)
    if (JSON.stringify(booked) !== JSON.stringify(counted)) {
      violations.push(`booked are ${JSON.stringify(booked)}, counted ${JSON.stringify(counted)}`)
    }
    return violations.map((violation) => `${name}: ${violation}`)
  })
}

function textOf(hex: string | null): string {
  return Buffer.from(hex ?? '', 'hex').toString()
}
