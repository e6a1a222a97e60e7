// Verifies a log, in a process of its own: damage may take its reader along. Says `problem …` for each, and `verified` at the end.
import { openLog } from '../../../src/index.ts'
import { say } from '../../support/say.ts'

export interface VerifyCommand {
  readonly role: 'verifier'
  readonly dir: string
}

export async function verifyDirectory({ dir }: VerifyCommand): Promise<void> {
  const log = await openLog(dir, { maintenance: false })
  const { problems } = await log.admin.verify({ deep: true })
  for (const { kind, message } of problems) say(`problem ${kind}: ${message}`)
  say('verified')
  await log.close()
}
