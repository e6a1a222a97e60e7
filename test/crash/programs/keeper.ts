// Opens a log, says so, and writes a backup of it into each directory that it is given. Says `done BYTES` when one is there.
import { openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'

export interface KeepCommand {
  readonly role: 'keeper'
  readonly dir: string
}

export async function keepBackups({ dir }: KeepCommand, input: AsyncIterator<string>): Promise<void> {
  const log = await openLog(dir)
  say('opened')
  for (let next = await input.next(); next.done !== true; next = await input.next()) {
    const { bytes } = await log.admin.backup(next.value)
    say(`done ${bytes}`)
  }
}
