// Takes the lock of commits of a directory whenever it is told to, and gives it back when it is told again.
import { createInterface } from 'node:readline'
import { CommitLock } from '../../../src/storage/commit-lock.ts'
import { modesOf } from '../../../src/storage/own-files.ts'

const lock = CommitLock.open(process.argv[2] ?? '', modesOf(undefined))
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'take') lock.take()
  else lock.release()
  console.log(line)
}
