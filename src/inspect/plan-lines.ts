/**
 * What an act on an application is going to do, in lines for those who are asked to agree.
 */
import type { ApplicationOutput } from '../log/admin/application-outputs.ts'
import type { StoreDescription } from '../log/admin/application-description.ts'
import { shownBytes } from '../inspect/amounts.ts'
import { counted } from '../inspect/counts.ts'

export function storeLines(
  stores: readonly Pick<StoreDescription, 'name' | 'rows' | 'bytes'>[],
  act: string,
): string[] {
  return stores.map(
    ({ name, rows, bytes }) => `store ${name}: ${counted(rows, 'row')}, about ${shownBytes(bytes)}: ${act}`,
  )
}

export function outputLines(outputs: readonly ApplicationOutput[], act: string): string[] {
  return outputs.map(({ topic, records, isTaken, readBy }) => {
    const readers = readBy.length === 0 ? '' : `, read by ${readBy.join(', ')}`
    return `topic ${topic}: ${counted(records, 'record')}${readers}: ${isTaken ? act : 'stays'}`
  })
}
