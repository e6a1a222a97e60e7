// What there is to kill, in the order in which it is done.
import type { Subject } from './subject.ts'
import { application } from './subjects/application.ts'
import { backup } from './subjects/backup.ts'
import { cleaner } from './subjects/cleaner.ts'
import { command } from './subjects/command.ts'
import { groups } from './subjects/groups.ts'
import { producers } from './subjects/producers.ts'
import { replay } from './subjects/replay.ts'
import { transactions } from './subjects/transactions.ts'

export const subjects: readonly Subject[] = [
  application,
  producers,
  transactions,
  groups,
  cleaner,
  backup,
  replay,
  command,
]
