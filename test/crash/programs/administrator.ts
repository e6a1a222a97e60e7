// Administers the application whose versions are killed, from a process in which none of them runs. Says how each order has ended.
import { openLog, type SwitchOutputs } from '../../../src/index.ts'
import { say } from '../../support/say.ts'
import { applicationId } from '../versioned.ts'
import { obey, resetOf } from './version-runner.ts'

export interface AdministerCommand {
  readonly role: 'administrator'
  readonly dir: string
}

export async function administer({ dir }: AdministerCommand, input: AsyncIterator<string>): Promise<void> {
  const { admin } = await openLog(dir)
  say('opened')
  await obey(input, (order) => {
    const [word = '', ...words] = order.split(' ')
    if (word === 'delete') return admin.deleteVersion(applicationId, words[0] ?? '')
    const [outputs, startingOver = ''] = words.slice(-2)
    const reset = resetOf(startingOver)
    const options = { outputs: outputs as SwitchOutputs, patienceMs: 10_000, reset }
    if (word === 'back') return admin.switchBack(applicationId, options)
    return admin.switchVersion(applicationId, words[0] ?? '', options)
  })
}
