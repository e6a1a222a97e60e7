/**
 * The databases of the limit loop, opened with the safety that millrace has.
 */
import { type Database, open, type RootDatabase } from 'lmdb'

export type BytesTable = Database<Buffer, Buffer>

export interface Tables {
  readonly environment: RootDatabase<Buffer, Buffer>
  readonly log: BytesTable
  readonly positions: BytesTable
  readonly state: BytesTable
}

export function openTables(dir: string): Tables {
  const environment = open<Buffer, Buffer>({
    path: dir,
    noSubdir: false,
    maxDbs: 8,
    encoding: 'binary',
    mapSize: 8 * 2 ** 30,
    overlappingSync: false,
  })
  const table = (name: string): BytesTable => environment.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })
  return { environment, log: table('log'), positions: table('positions'), state: table('state') }
}

export function batchKey(topic: number, baseOffset: number): Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(topic, 0)
  key.writeBigUInt64BE(BigInt(baseOffset), 8)
  return key
}
